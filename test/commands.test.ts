import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Argument, Command, Option } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { createProgram } from '../src/cli/command-line.ts'
import { explainFileError } from '../src/cli/explain-error.ts'
import { EXIT } from '../src/runtime/exit-codes.ts'
import { runSmsgw } from './run-command-line.ts'

const ROOT = join(import.meta.dirname, '..')

/** Commands without `--json`, and why. */
const WITHOUT_JSON: Readonly<Record<string, string>> = {
  run: 'it has no result: it runs until it is stopped, and its log is JSON',
  bench: 'it hands its arguments to the measuring program',
  chaos: 'it hands its arguments to the campaign',
}
/** Commands whose `--help` is that of another program. */
const HELP_OF_OTHERS = ['bench', 'chaos']

interface Leaf {
  readonly name: string
  readonly command: Command
}

function leavesOf(command: Command, path: readonly string[] = []): Leaf[] {
  if (command.commands.length === 0) return [{ name: path.join(' '), command }]
  return command.commands.flatMap((each) => leavesOf(each, [...path, each.name()]))
}

function groupsOf(command: Command): Command[] {
  return command.commands.filter((each) => each.commands.length > 0).flatMap((each) => [each, ...groupsOf(each)])
}

const program = createProgram(() => {})
const leaves = leavesOf(program)

afterEach(() => vi.unstubAllEnvs())

test('every command is described, with its arguments and options', () => {
  expect(leaves.length).toBeGreaterThan(50)
  for (const { name, command } of leaves) {
    expect(command.description(), name).not.toBe('')
    for (const { name: argument, description } of command.registeredArguments.map(named)) {
      expect(description, `${name}: <${argument}>`).toBeTruthy()
    }
    for (const { long, description } of command.options) expect(description, `${name}: ${long}`).not.toBe('')
  }
  for (const group of groupsOf(program)) expect(group.description(), group.name()).not.toBe('')
})

function named(argument: Argument): { name: string; description: string } {
  return { name: argument.name(), description: argument.description }
}

test('every command takes --json, but for those with a reason', () => {
  const without = leaves.filter(({ command }) => !command.options.some(({ long }) => long === '--json'))
  expect(without.map(({ name }) => name).sort()).toEqual(Object.keys(WITHOUT_JSON).sort())
})

test('the help of every command has examples of that command', () => {
  for (const { name, command } of leaves.filter((leaf) => !HELP_OF_OTHERS.includes(leaf.name))) {
    let help = ''
    command.configureOutput({
      writeOut: (text) => {
        help += text
      },
    })
    command.outputHelp()
    const [, examples = ''] = help.split(/^Examples?:$/m)
    expect(examples, name).toContain(`smsgw ${name}`)
  }
})

/** What the other arguments of a command may be, by their names. */
const ARGUMENTS: Readonly<Record<string, string>> = { phone: '+989121234567', id: '3-1', topic: 'sms.status' }

/** What the options are that a command cannot do without. */
const REQUIRED: Readonly<Record<string, string>> = { '--before': '2026-11-01', '--to': 'archive' }

/** Options that name a file to write, or that are written to; all others with a path are read. */
const WRITTEN = ['--out', '--refused', '--ledger', '--to']

interface FileInput {
  readonly name: string
  readonly args: readonly string[]
}

/** Every command line that reads a file that is not there. */
function missingFiles(missing: string): FileInput[] {
  return leaves.flatMap(({ name, command }): FileInput[] => {
    const places = command.registeredArguments.map((argument) => argument.name())
    const filled = command.registeredArguments
      .filter(({ required }) => required)
      .map((each) => ARGUMENTS[each.name()] ?? 'x')
    const ofArguments = places.flatMap((place, index) =>
      /^(file|folder|path)$/.test(place) ? [[...filled.slice(0, index), missing]] : [],
    )
    const ofOptions = command.options
      .filter((option) => isRead(name, option))
      .map(({ long }) => [...filled, long!, missing])
    const required = command.options.flatMap(({ long, mandatory }) =>
      mandatory && REQUIRED[long!] !== undefined ? [long!, REQUIRED[long!]!] : [],
    )
    return [...ofArguments, ...ofOptions].map((args) => ({ name, args: [...name.split(' '), ...args, ...required] }))
  })
}

function isRead(name: string, { flags, long }: Option): boolean {
  if (name === 'replay') return false
  return /<(path|file|folder)(\.\.\.)?>/.test(flags) && !WRITTEN.includes(long!)
}

test('a file to read that is not there is one line that names it, whatever command, and no server is asked', async () => {
  for (const name of ['KAFKA_BROKERS', 'DATABASE_URL', 'CLICKHOUSE_URL', 'SMSGW_API']) vi.stubEnv(name, '')
  vi.stubEnv('SMSGW_DATA', join(ROOT, 'no-such-data-folder'))
  const missing = join(ROOT, 'no-such-file')
  const cases = missingFiles(missing)
  expect(cases.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'send',
      'operators plan',
      'topics plan',
      'doctor',
      'plan',
      'portability import',
      'dlq edit',
    ]),
  )
  for (const { args } of cases) {
    const { code, stdout, stderr } = await runSmsgw(...args)
    expect([code, stdout], args.join(' ')).toEqual([EXIT.failed, ''])
    expect(stderr, args.join(' ')).toMatch(/^[^\n]*no-such-file[^\n]*\n$/)
  }
}, 60_000)

test('a folder in the place of a file, and a file in the place of a folder, are one line', async () => {
  for (const args of [
    ['topics', 'plan', '--file', ROOT],
    ['plan', '--results', join(ROOT, 'package.json')],
  ]) {
    const { code, stderr } = await runSmsgw(...args)
    expect(code).toBe(EXIT.failed)
    expect(stderr).toMatch(/^[^\n]+: this is a (folder|file), not a (file|folder)\n$/)
  }
})

test('what the file system refuses later is one line as well; what a socket refuses is not a file', () => {
  const refused = (use: () => unknown): string | null => {
    try {
      use()
    } catch (error) {
      return explainFileError(error)
    }
    throw new Error('nothing was refused')
  }
  expect(refused(() => readFileSync(join(ROOT, 'none')))).toBe(`${join(ROOT, 'none')}: no such file or directory`)
  expect(refused(() => readFileSync(ROOT))).toMatch(/^A file cannot be used: illegal operation on a directory/)
  expect(refused(() => readdirSync(join(ROOT, 'package.json')))).toContain('not a directory')
  expect(explainFileError(Object.assign(new Error('x'), { code: 'ECONNREFUSED', syscall: 'connect' }))).toBeNull()
  expect(explainFileError(new Error('x'))).toBeNull()
})

test('wrong usage is exit code 2 on every level, and help is 0', async () => {
  for (const args of [['nothing'], ['keys', 'nothing'], ['keys', 'create'], ['dlq', 'list', '--nothing']]) {
    expect((await runSmsgw(...args)).code, args.join(' ')).toBe(EXIT.usage)
  }
  for (const args of [['--help'], ['keys', '--help'], ['keys', 'list', '--help'], ['--version']]) {
    expect((await runSmsgw(...args)).code, args.join(' ')).toBe(EXIT.done)
  }
})

test('docs/cli.md describes every exit code, and commands name them by EXIT alone', () => {
  const text = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8')
  const described = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
  expect(described).toEqual([...new Set(Object.values(EXIT))].sort((a, b) => a - b))
  const folder = join(ROOT, 'src/cli')
  const literal = /\bdone\((\d|[^)]*\? *\d)/
  const using = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && literal.test(readFileSync(join(folder, file), 'utf8')),
  )
  expect(using).toEqual([])
})
