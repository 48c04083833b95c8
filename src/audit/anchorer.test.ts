import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Pool } from '../postgres/pool.ts'
import { createLog } from '../runtime/log.ts'
import { Metrics } from '../runtime/metrics.ts'
import { parseAnchor } from './anchor.ts'
import { ensureSigningKey } from './anchor-key.ts'
import { Anchorer } from './anchorer.ts'
import { EMPTY_CHAIN } from './chain.ts'

const CHAIN = 'ab'.repeat(16)
const HASH = 'f'.repeat(64)
const root = mkdtempSync(join(tmpdir(), 'smsgw-anchorer-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** PostgreSQL and Kafka, each of which may be unavailable; the former answers nothing until `answer` is called. */
function setUp({ lastHead = null as string | null, opened = EMPTY_CHAIN } = {}) {
  const stored: string[] = []
  const published: string[] = []
  const errors: string[] = []
  const servers = { isKafkaUp: true, answer: () => {} }
  const answered: Promise<void> = new Promise((resolve) => {
    servers.answer = resolve
  })
  const query = async ({ name, values }: { name: string; values: unknown[] }) => {
    await answered
    if (name === 'audit-anchor-last') return { rows: lastHead === null ? [] : [{ record: lastHead }] }
    if (name === 'audit-anchor-next') return { rows: [{ serial: stored.length + 1 }] }
    stored.push(String(values[4]))
    return { rowCount: 1 }
  }
  const send = async ({ value }: { value: unknown }): Promise<never> => {
    if (!servers.isKafkaUp) throw new Error('Kafka is unavailable')
    published.push(String(value))
    return undefined as never
  }
  const keyFile = join(root, 'key.pem')
  ensureSigningKey(keyFile)
  const log = createLog('test', 'silent')
  log.error = (...line: unknown[]) => void errors.push(String(line[1]))
  const metrics = new Metrics({})
  const pool = { query } as unknown as Pool
  const parts = { pool, producer: { send }, keyFile, nowMs: () => Date.now(), metrics, log }
  const anchorer = new Anchorer(CHAIN, opened, parts)
  const unanchoredSeconds = async (): Promise<number> => {
    const gauge = metrics.registry.getSingleMetric('smsgw_audit_unanchored_seconds')!
    return (await gauge.get()).values[0]!.value
  }
  return { anchorer, servers, stored, published, errors, unanchoredSeconds }
}

test('heads that come while PostgreSQL does not answer are one anchor: the newest', async () => {
  const { anchorer, servers, stored, published } = setUp()
  const tried = Array.from({ length: 1_000 }, (_, index) => {
    anchorer.written(index + 1)
    return anchorer.anchor({ seq: index + 1, hash: HASH }, 'start')
  })
  // The first of them is under way.
  await Promise.resolve()
  servers.answer()
  await Promise.all(tried)
  expect(stored.map((text) => parseAnchor(text))).toMatchObject([{ serial: 1, lines: 1_000 }])
  expect(published).toEqual(stored)
})

test('lines are unanchored until both PostgreSQL and Kafka have an anchor that covers them', async () => {
  const { anchorer, servers, stored, published, unanchoredSeconds } = setUp()
  servers.answer()
  expect(await unanchoredSeconds()).toBeCloseTo(0, 3)
  anchorer.written(5)
  servers.isKafkaUp = false
  await anchorer.anchor({ seq: 5, hash: HASH }, 'interval')
  expect(stored).toHaveLength(1)
  expect(await unanchoredSeconds()).toBeGreaterThan(0)
  servers.isKafkaUp = true
  await anchorer.anchor({ seq: 5, hash: HASH }, 'interval')
  expect([stored.length, published]).toEqual([1, stored])
  expect(await unanchoredSeconds()).toBeCloseTo(0, 3)
  // Lines that came after the head was taken are not covered by it.
  anchorer.written(8)
  await anchorer.anchor({ seq: 7, hash: HASH }, 'interval')
  expect(await unanchoredSeconds()).toBeGreaterThan(0)
})

test('a key that is not the one of the last anchor is reported, and signs from then on', async () => {
  const at = '2026-11-30T12:00:00.000Z'
  const common = { v: 1, chain: CHAIN, serial: 1, at, key: '0'.repeat(16), kind: 'head', lines: 3, hash: HASH }
  const lastHead = JSON.stringify({ ...common, cause: 'start', signature: 'x' })
  const { anchorer, servers, stored, errors } = setUp({ lastHead, opened: { seq: 3, hash: HASH } })
  servers.answer()
  await anchorer.anchor({ seq: 4, hash: HASH }, 'start')
  expect(errors.join()).toContain('was signed by a key that AUDIT_KEY_FILE does not have')
  expect(stored).toHaveLength(1)
})
