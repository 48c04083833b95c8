import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { apiSettings } from '../src/api/config.ts'
import { doorLimits } from '../src/api/limits/door-limits.ts'
import { type ApiParts, createApi } from '../src/api/server.ts'
import { PROBLEMS } from '../src/domain/errors.ts'
import { createLog } from '../src/runtime/log.ts'
import { Metrics } from '../src/runtime/metrics.ts'
import { readSettings } from '../src/runtime/settings.ts'

const ROOT = join(import.meta.dirname, '..')
const SOURCE = join(ROOT, 'src')

test('docs/errors.md describes every problem as the catalogue does, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
  const described = text.split('\n').filter((line) => /^\| `[a-z-]+` \| \d/.test(line))
  expect(described).toEqual(
    Object.entries(PROBLEMS).map(
      ([code, { status, retry, remedy }]) => `| \`${code}\` | ${status} | ${retry} | ${remedy} |`,
    ),
  )
})

/** Codes of the problems that a file makes, and those of what it imports. */
function codesReachedFrom(path: string, seen = new Set<string>()): Set<string> {
  const codes = new Set<string>()
  if (seen.has(path)) return codes
  seen.add(path)
  const text = readFileSync(path, 'utf8')
  for (const [, code] of text.matchAll(/new Problem\(\s*'([a-z-]+)'/g)) codes.add(code!)
  for (const [, target] of text.matchAll(/^import (?!type )[^']*'(\.[^']+)'/gm)) {
    for (const code of codesReachedFrom(join(dirname(path), target!), seen)) codes.add(code)
  }
  return codes
}

/** What routes are handed, and import the types of alone. */
const HANDED: Readonly<Record<string, readonly string[]>> = {
  MessageRouter: ['accept/route-messages.ts'],
  SubmitQueue: ['accept/accept-queue.ts', 'api/limits/customer-share.ts', 'accept/id-slot-lease.ts'],
}

/** Every `code` that the responses of an operation name, those of messages within a batch included. */
function codesIn(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return []
  const { code } = value as { code?: { enum?: string[] } }
  return [...(code?.enum ?? []), ...Object.values(value).flatMap(codesIn)]
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { operationId: string; responses: object }>>>>
}

async function describeApi(): Promise<Description> {
  const parts = { pool: {}, queue: {}, router: {}, metrics: new Metrics(), log: createLog('test', 'error') }
  const limits = doorLimits(readSettings(apiSettings, {}))
  const app = await createApi({ ...parts, trustProxy: '', limits } as unknown as ApiParts)
  const description = app.swagger() as unknown as Description
  await app.close()
  return description
}

test('every problem that the code of a route can make is in its description, and all of the catalogue in some', async () => {
  const { paths } = await describeApi()
  const operations = Object.values(paths).flatMap((path) => Object.values(path))
  const files = readdirSync(join(SOURCE, 'api/routes'))
  expect(files.length).toBeGreaterThanOrEqual(6)
  for (const file of files) {
    const path = join(SOURCE, 'api/routes', file)
    const text = readFileSync(path, 'utf8')
    const operation = operations.find(({ operationId }) => text.includes(`operationId: '${operationId}'`))!
    const handed = Object.keys(HANDED).filter((type) => text.includes(`import type { ${type} }`))
    const places = [path, ...handed.flatMap((type) => HANDED[type]!.map((place) => join(SOURCE, place)))]
    const reached = new Set(places.flatMap((place) => [...codesReachedFrom(place)]))
    const described = new Set(codesIn(operation.responses))
    expect(
      [...reached].filter((code) => !described.has(code)),
      file,
    ).toEqual([])
  }
  const all = new Set(operations.flatMap(({ responses }) => codesIn(responses)))
  expect([...all].sort()).toEqual(Object.keys(PROBLEMS).sort())
})

test('each response of a problem names its status, media type and schema', async () => {
  const { paths } = await describeApi()
  for (const path of Object.values(paths)) {
    for (const { operationId, responses } of Object.values(path)) {
      for (const [status, response] of Object.entries(responses).filter(([each]) => Number(each) >= 400)) {
        const { content } = response as { content: Record<string, { schema: { properties: { status: object } } }> }
        expect(content['application/problem+json']!.schema.properties.status, operationId).toMatchObject({
          enum: [Number(status)],
        })
      }
    }
  }
})
