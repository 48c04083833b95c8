import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files, ROOT } from './read-source.ts'
import { SECONDS_OF_FILES } from './run/longest-first.ts'

/** Every TypeScript file, those of tests, benchmarks and releases as well. */
const everywhere = ['src', 'test', 'bench', 'release'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path)),
)

test('files are short, and named for what they do, those of tests as well', () => {
  expect(everywhere.filter((path) => path.endsWith('.test.ts')).length).toBeGreaterThan(100)
  const linesOf = (path: string): number => readFileSync(join(ROOT, path), 'utf8').split('\n').length - 1
  expect(everywhere.filter((path) => linesOf(path) > 400)).toEqual([])
  const empty = /(^|\/)(utils?|helpers?|common|misc|managers?|types)(\.ts|\/)/
  expect(everywhere.filter((path) => empty.test(path))).toEqual([])
})

test('no test is retried, left out, or run alone: a flake is a bug', () => {
  // `runIf` stays: some tests need root, and say so.
  const evading = /\b(test|it|describe)(\.\w+)*\.(skip|skipIf|only|todo|fails)\b|\bretry: \d|--retry[= ]/
  const places = [...everywhere, 'vitest.config.ts', 'vitest.mutants.config.ts', 'package.json', '.ci/run']
  const found = places.filter((path) => evading.test(readFileSync(join(ROOT, path), 'utf8')))
  expect(found).toEqual([])
})

test('the order of tests names files that exist', () => {
  expect(Object.keys(SECONDS_OF_FILES).length).toBeGreaterThan(20)
  expect(Object.keys(SECONDS_OF_FILES).filter((path) => !everywhere.includes(path))).toEqual([])
})

test('the environment is read by commands, which hand settings on', () => {
  const mayRead = [
    // A process of its own, and what other programs inherit.
    'embedded/clickhouse/chdb-process.ts',
    'embedded/clickhouse/clickhouse-server.ts',
    'embedded/guarded-server.ts',
    // Passwords of operators, by the names that the operators' file gives them.
    'tools/operators/operators-plan.ts',
  ]
  const reading = files.filter(({ part, text }) => part !== 'cli' && /\bprocess\.env\b/.test(text))
  expect(reading.map(({ path }) => path).sort()).toEqual(mayRead)
})

test('rules are pure: they take the time as a value, and neither wait nor draw', () => {
  const folders = /^(domain|events|smpp|tools\/plan)\//
  const names = /(^|\/)([a-z-]+-rules?|attempt-plan|(judge|choose|compare|rank)-[a-z-]+)\.ts$/
  const isRule = (path: string): boolean =>
    folders.test(path) || names.test(path) || path === 'delivery/connectors/smpp/session.ts'
  const rules = files.filter(({ path }) => isRule(path))
  expect(rules.length).toBeGreaterThan(100)
  const impure =
    /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bhrtime\b|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\b/
  const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const found = rules.filter(({ text }) => impure.test(withoutComments(text))).map(({ path }) => path)
  // Its rule takes the time; what wraps a handler with that rule reads the clock.
  expect(found).toEqual(['delivery/attempts/judge-fault.ts'])
})

test('files are written whole: by write-state-file, or by what it cannot do', () => {
  const mayWrite = [
    'embedded/kafka/fetch-jars.ts',
    'embedded/postgres/data-folder.ts',
    'runtime/process-lock.ts',
    'runtime/write-state-file.ts',
  ]
  const writing = files.filter(({ text }) => /\b(writeFile|writeFileSync|copyFile|copyFileSync|cp|cpSync)\(/.test(text))
  // The first and the second write into a folder beside the final one, which is renamed when it is complete.
  expect(writing.map(({ path }) => path).sort()).toEqual(mayWrite)
})

test('only package-files knows where the gateway lies, as a checkout and as a package differ', () => {
  const locating = files.filter(({ text }) => /\bimport\.meta\b/.test(text)).map(({ path }) => path)
  expect(locating).toEqual(['runtime/package-files.ts'])
  const literals = files.flatMap(({ text }) => [...text.matchAll(/\b(?:packageFile|moduleFile)\('([^']+)'\)/g)])
  expect(literals.length).toBeGreaterThan(10)
  const paths = literals.map(([call, path]) => (call.startsWith('moduleFile') ? `src/${path}.ts` : path!))
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

test('what is appended or streamed to a file is for this user alone', () => {
  const opening =
    /\b(appendFileSync|createWriteStream|openSync|open)\([^)]*['"](a|wx?)['"][^)]*\)|\bappendFileSync\([^)]*\)/g
  const calls = files.flatMap(({ path, text }) => [...text.matchAll(opening)].map(([call]) => ({ path, call })))
  expect(calls.length).toBeGreaterThan(5)
  expect(calls.filter(({ call }) => !/0o600|PRIVATE|\bmode\b/.test(call))).toEqual([])
})

test('what all users share is only used by an unpredictable name', () => {
  const shared = files.filter(({ text }) => /tmpdir\(\)|['"`]\/(var\/)?tmp/.test(text)).map(({ path }) => path)
  // The second looks for data of an earlier version, and takes it only if no other user could have put it there.
  expect(shared.sort()).toEqual(['embedded/postgres/postgres-home.ts', 'embedded/temporary-folder.ts'])
  expect(files.find(({ path }) => path === 'embedded/temporary-folder.ts')!.text).toContain('mkdtempSync(join(tmpdir()')
})

test('locks are those of process-lock, which knows a reused number from its owner', () => {
  const asking = files.filter(({ text }) => /process\.kill\([^)]*, 0\)|flag: 'wx'/.test(text)).map(({ path }) => path)
  expect(asking.sort()).toEqual(['embedded/postgres/data-folder.ts', 'runtime/process-lock.ts'])
})

test('a name from outside is never looked up with `in`, which also finds what every object inherits', () => {
  const lookup = /[(!&|?]\s*\(?[a-z][\w.]* in [A-Za-z_.]+\s*[)&|?]/
  const isCode = (line: string): boolean => !/^\s*(\*|\/\/|\/\*)|\bfor \(/.test(line)
  const found = files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .filter((line) => isCode(line) && lookup.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  )
  expect(found).toEqual([])
})

test('only commands print', () => {
  const mayPrint = (path: string): boolean =>
    /^(main|cli\/|process\/supervisor\/|process\/first-run\/|process\/servers\/|process\/stop-on-signal|embedded\/clickhouse\/chdb-process)/.test(
      path,
    )
  expect(files.filter(({ path, text }) => !mayPrint(path) && /\bconsole\./.test(text)).map(({ path }) => path)).toEqual(
    [],
  )
})

/** They say it at every try, and never since when. None may be added. */
const RETRIES_OF_OLD = [
  'delivery/receipts/match-receipts.ts',
  'delivery/pace/open-gate.ts',
  'delivery/worker.ts',
  'operators/operator-directory.ts',
  'webhooks/retry-events.ts',
]

test('what is tried again says so through RepeatedFailure: what, since when, how often', () => {
  const saying = files.filter(({ text }) => /; (trying again|retrying)'/.test(text)).map(({ path }) => path)
  expect(saying.filter((path) => !RETRIES_OF_OLD.includes(path))).toEqual([])
})

test('work that one process leads fails by name, and a process whose work fails is not ready', () => {
  const leading = files.filter(({ part, text }) => part !== 'postgres' && /new LeaderLoop\(/.test(text))
  expect(leading.length).toBeGreaterThanOrEqual(3)
  // Its own check, or its failure is the caller's to check.
  const silent = leading.filter(({ text }) => !/ealth\.add\([^)]*failure\.check\)|readonly failure: Rep/.test(text))
  expect(silent.map(({ path }) => path)).toEqual([])
})

test('waits and time-outs of the Kafka consumer go by a clock that never steps', () => {
  const named = files.filter(({ path, text }) => /^kafka\/consumer\//.test(path) && /Date\.now\b/.test(text))
  // Where handlers' wall times come in, and where a record's age is taken from its time.
  const allowed = ['fetch/record-batches', 'lanes/lanes', 'lanes/parking', 'measure-consumer'].map(
    (name) => `kafka/consumer/${name}.ts`,
  )
  expect(named.map(({ path }) => path).sort()).toEqual(allowed)
  const braking = files.flatMap(({ path, text }) =>
    [...text.matchAll(/brake\??\.(admit|allows|succeeded)\([^)]*Date\.now/g)].map(([call]) => `${path}: ${call}`),
  )
  expect(braking).toEqual([])
})

test('roles consume by ConsumerRole, which has their health, and publish dead letters by its brake', () => {
  const outside = files.filter(({ part }) => part !== 'kafka' && part !== 'consumer-role')
  expect(outside.filter(({ text }) => /new ConsumerRole\(/.test(text)).length).toBeGreaterThanOrEqual(5)
  expect(outside.filter(({ text }) => /new Consumer\(/.test(text)).map(({ path }) => path)).toEqual([])
  const publishing = files.filter(({ path, text }) => /deadLetterRecord\(/.test(text) && !path.startsWith('events/'))
  expect(publishing.map(({ path }) => path)).toEqual(['consumer-role/role-dead-letters.ts'])
})

test('text from records is decoded strictly: none of their bytes become replacement characters', () => {
  const lenient = /record\.(value|key)!?\??\.toString\(\)/
  const reading = files.filter(({ text }) => lenient.test(text)).map(({ path }) => path)
  // A lane's name and a group for order: nothing is stored or sent of them.
  const allowed = [
    'delivery/deferred/deferred-tasks.ts',
    'tools/replay/replay-targets.ts',
    'tools/replay/choose-records.ts',
  ]
  expect(reading.filter((path) => !allowed.includes(path))).toEqual([])
})

test('no statement counts arrays by hand: names, numbers and values of their parameters follow from one list', () => {
  const byHand = /unnest\(\s*\$\d+::[a-z ]+\[\],/
  expect(files.filter(({ text }) => byHand.test(text)).map(({ path }) => path)).toEqual([])
  expect(files.filter(({ text }) => /new RowArrays</.test(text)).length).toBeGreaterThan(10)
})
