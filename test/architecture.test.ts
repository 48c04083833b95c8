import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CONNECTORS } from '../src/delivery/connectors/connectors.ts'
import { files, importsOf, partOf, ROOT } from './read-source.ts'

/*
  Every folder of src/, from the ground up, with the folders that it may import besides itself. Stages are in the order
  of the flow; they meet in events and in PostgreSQL, never in each other's code. What has no rule fails.
*/
const GROUND = ['runtime', 'kafka', 'smpp', 'postgres', 'clickhouse']
const SHARED = ['domain', 'events', 'tables', 'consumer-role', 'http', 'operators']
const OF_A_STAGE = [...GROUND, ...SHARED]
const RULES: Readonly<Record<string, readonly string[]>> = {
  // Ground: knows neither messages nor each other, but for what it runs on.
  runtime: [],
  kafka: [],
  smpp: [],
  postgres: ['runtime'],
  clickhouse: ['runtime'],
  embedded: ['runtime', 'kafka'],
  // What stages share.
  domain: [],
  events: ['domain', 'kafka', 'smpp'],
  tables: ['postgres', 'domain'],
  'consumer-role': ['runtime', 'kafka', 'events'],
  http: ['domain', 'runtime', 'tables'],
  operators: ['runtime', 'domain', 'postgres'],
  topics: ['runtime', 'kafka', 'events'],
  accounts: ['runtime', 'postgres', 'domain', 'tables'],
  simulator: ['runtime', 'smpp', 'domain'],
  accept: OF_A_STAGE,
  // Stages.
  api: [...OF_A_STAGE, 'accept'],
  outbox: OF_A_STAGE,
  delivery: OF_A_STAGE,
  status: OF_A_STAGE,
  webhooks: OF_A_STAGE,
  analytics: OF_A_STAGE,
  audit: OF_A_STAGE,
  'dead-letters': OF_A_STAGE,
  monitor: [...OF_A_STAGE, 'topics'],
  // What is built of all that.
  admin: OF_A_STAGE,
  tools: everythingBut('tools', 'api', 'process', 'cli'),
  process: everythingBut('process', 'cli'),
  cli: everythingBut('cli'),
  'main.ts': ['cli'],
}

/** All folders but these. */
function everythingBut(...names: string[]): readonly string[] {
  return foldersOfSource().filter((name) => !['main.ts', ...names].includes(name))
}

function foldersOfSource(): string[] {
  return readdirSync(join(ROOT, 'src'))
}

test('every folder has a rule, and every rule a folder', () => {
  expect(files.length).toBeGreaterThan(100)
  expect(foldersOfSource().sort()).toEqual(Object.keys(RULES).sort())
})

test.each(Object.keys(RULES))('%s imports only what lies below it', (part) => {
  const upward = files
    .filter((file) => file.part === part)
    .flatMap(({ path, imports }) =>
      imports
        .filter((target) => partOf(target) !== part && !RULES[part]!.includes(partOf(target)))
        .map((target) => `${path} → ${target}`),
    )
  expect(upward).toEqual([])
})

test('no rule of one folder contradicts that of another: nothing is above what is above it', () => {
  const reaches = (from: string, seen = new Set<string>()): Set<string> => {
    for (const target of RULES[from]!) {
      if (seen.has(target)) continue
      seen.add(target)
      reaches(target, seen)
    }
    return seen
  }
  expect(Object.keys(RULES).filter((part) => reaches(part).has(part))).toEqual([])
})

test('the Kafka layer knows nothing about messages', () => {
  const words = /\bsms|customer|operator\b/i
  const reported = files.filter(({ part, text }) => part === 'kafka' && words.test(text.replace(/smsgw\.done/g, '')))
  expect(reported.map(({ path }) => path)).toEqual([])
})

test('a connector is a folder and a line: no other file imports from its folder, or asks which connector it has', () => {
  const names = Object.keys(CONNECTORS).sort()
  const folderOf = (name: string): string => `delivery/connectors/${name}/`
  const folders = readdirSync(join(ROOT, 'src/delivery/connectors'), { withFileTypes: true })
  expect(folders.filter((each) => each.isDirectory()).map(({ name }) => name)).toEqual(names)
  const importsInto = names.flatMap((name) =>
    files
      .filter(({ path }) => !path.startsWith(folderOf(name)))
      .flatMap(({ path, imports }) =>
        imports.filter((target) => target.startsWith(folderOf(name))).map((target) => `${path} → ${target}`),
      ),
  )
  expect(importsInto).toEqual(names.map((name) => `delivery/connectors/connectors.ts → ${folderOf(name)}${name}.ts`))
  const asks = new RegExp(`instanceof \\w*Connector\\b|(?:[=!]==?|case) '(?:${names.join('|')})'`)
  const outside = files.filter(({ path }) => !names.some((name) => path.startsWith(folderOf(name))))
  expect(outside.filter(({ text }) => asks.test(text)).map(({ path }) => path)).toEqual([])
})

test('of the client library only connections, protocol calls and codecs are used, never its clients', () => {
  const forbidden = /^(Producer|Consumer|Admin|Base|MessagesStream|ProducerStream)$/
  const taken = files.flatMap(({ path, text }) =>
    [...text.matchAll(/import \{([^}]*)\} from '@platformatic\/kafka'/g)].flatMap(([, names]) =>
      names!.split(',').map((name) => ({ path, name: name.trim().replace(/^type /, '') })),
    ),
  )
  expect(taken.some(({ name }) => name === 'Connection')).toBe(true)
  expect(taken.filter(({ name }) => forbidden.test(name))).toEqual([])
  const whole = /import (\* as|[A-Za-z]+) .*from '@platformatic\/kafka'/
  expect(files.filter(({ text }) => whole.test(text)).map(({ path }) => path)).toEqual([])
})

test('no import goes in a circle, not even one of types', () => {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const finished = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (finished.has(path)) return
    const at = trail.indexOf(path)
    if (at >= 0) {
      circles.push([...trail.slice(at), path].join(' → '))
      return
    }
    for (const target of byPath.get(path)!.imports) visit(target, [...trail, path])
    finished.add(path)
  }
  for (const { path } of files) visit(path, [])
  expect(circles).toEqual([])
})

/** By the beginning of their paths, the longer ones first. */
const HOUSES = {
  'bench/': 'bench',
  'test/chaos/': 'chaos',
  'test/gateway/': 'shared',
  'test/': 'test',
  'release/': 'shared',
  'src/': 'src',
}

test('tests, benchmarks and the campaign share what is in test/gateway, and import nothing of each other', () => {
  const houseOf = (path: string): string => {
    const [, house] = Object.entries(HOUSES).find(([beginning]) => path.startsWith(beginning))!
    return house === 'src' && path.endsWith('.test.ts') ? 'test' : house
  }
  const paths = ['bench', 'test', 'src'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  const foreign = paths
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) =>
      importsOf(ROOT, path)
        .filter((target) => ![houseOf(path), 'src', 'shared'].includes(houseOf(target)))
        .map((target) => `${path} → ${target}`),
    )
  expect(paths.length).toBeGreaterThan(500)
  expect(foreign).toEqual([])
})
