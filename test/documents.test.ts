import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram } from '../src/cli/command-line.ts'
import { allSettings } from '../src/cli/config-command.ts'
import { CONNECTORS } from '../src/delivery/connectors/connectors.ts'
import { parseOperators } from '../src/operators/operators-file.ts'
import { ROOT, files as source } from './read-source.ts'

/** The changelog is not among them: it names the commands and files of its time. */
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'bench/README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** The listings of a document and the code within its lines. */
function codeIn(text: string): string[] {
  const listings = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, code]) => code!.replaceAll('\\\n', ' '))
  const rest = text.replace(/^```[\s\S]*?^```/gm, '')
  return [...listings.flatMap((code) => code.split('\n')), ...[...rest.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)]
}

/** The targets of a document's links into this repository: the file, and the heading if one is named. */
function linksIn(file: string): { readonly target: string; readonly heading: string | null }[] {
  const prose = read(file).replace(/^```[\s\S]*?^```/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = '', heading = null] = link.split('#')
      return { target: path === '' ? file : normalize(join(dirname(file), path)), heading }
    })
}

/** The names that GitHub gives to the headings of a document. */
function headingsOf(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('every link in a document leads to a file of the repository, and to a heading of it', () => {
  const links = DOCUMENTS.flatMap((file) => linksIn(file).map((link) => ({ file, ...link })))
  expect(links.length).toBeGreaterThan(150)
  const broken = links.filter(
    ({ target, heading }) =>
      !existsSync(join(ROOT, target)) || (heading !== null && !headingsOf(target).includes(heading)),
  )
  expect(broken).toEqual([])
})

const program = createProgram(() => {})

/** What is wrong with a command line of `smsgw`, or null: its subcommands and its options have to exist. */
function faultOf(words: readonly string[]): string | null {
  let command: Command = program
  const rest = [...words]
  while (command.commands.length > 0 && /^[a-z]/.test(rest[0] ?? '')) {
    const name = rest.shift()!
    const next = command.commands.find((each) => each.name() === name)
    if (!next) return `there is no command ${name}`
    command = next
  }
  // Their options are those of another program.
  if (['bench', 'chaos'].includes(command.name())) return null
  const known = [...command.options, ...command.createHelp().visibleOptions(command)]
  const options = rest.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split('=')[0]!)
  const unknown = options.find((option) => !known.some(({ short, long }) => short === option || long === option))
  return unknown === undefined ? null : `${command.name()} has no ${unknown}`
}

/** The words of each command line in a piece of code, up to what ends it in a shell. */
function commandLinesIn(code: string): string[][] {
  return [...code.matchAll(/(?:^|(?<! -p)[\s(])smsgw ((?:'[^']*'|"[^"]*"|[^'"|;&>#()\n])*)/g)].map(([, line]) =>
    (line!.match(/'[^']*'|"[^"]*"|[^\s'"]+/g) ?? []).map((word) => word.replace(/[,.:]+$/, '')),
  )
}

test('every command line of smsgw in a document has a command and options that exist', () => {
  const lines = DOCUMENTS.flatMap((file) =>
    codeIn(read(file))
      .flatMap(commandLinesIn)
      .map((words) => ({ file, line: words.join(' '), fault: faultOf(words) })),
  )
  expect(lines.length).toBeGreaterThan(200)
  expect(lines.filter(({ fault }) => fault !== null)).toEqual([])
})

test('a command line is found within a longer one, and its fault is named', () => {
  expect(commandLinesIn("x=1 npx smsgw dlq list --error 'a b' | head # smsgw")).toEqual([
    ['dlq', 'list', '--error', "'a b'"],
  ])
  expect(faultOf(['dlq', 'list', '--reason', 'handler'])).toBeNull()
  expect(faultOf(['dlq', 'show', '--reason=x'])).toBe('show has no --reason')
  expect(faultOf(['nothing'])).toBe('there is no command nothing')
})

const PATH = /^(?:src|test|docs|bench|deploy|config|migrations)\/[\w./-]+$/

test('every npm script, every example and every path that a document names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const file of DOCUMENTS) {
    const code = codeIn(read(file)).join('\n')
    for (const [, script] of code.matchAll(/npm run (?:--silent )?([a-z:]+)/g))
      expect(scripts, file).toHaveProperty([script!])
    for (const path of codeIn(read(file)).filter((each) => PATH.test(each))) {
      expect(existsSync(join(ROOT, path)), `${file}: ${path}`).toBe(true)
    }
    for (const [example] of code.matchAll(/\bexamples\/[\w.-]+/g))
      expect(existsSync(join(ROOT, example)), `${file}: ${example}`).toBe(true)
  }
})

const GUIDES = DOCUMENTS.filter((file) => file.startsWith('docs/guides/'))

/** Variables in guides that are no settings: of commands, of the examples, or the reader's own. */
const OTHER_NAMES = ['SMSGW_API', 'SMSGW_API_KEY', 'SMS_ID', 'WEBHOOK_SECRET', 'EVENTS_FILE', 'ACME_PASSWORD']

test('every setting and metric that a guide names exists, and every file of operators in it can be applied', () => {
  expect(GUIDES.length).toBeGreaterThanOrEqual(5)
  const settings = new Set(Object.values(allSettings()).flatMap((each) => Object.keys(each)))
  for (const file of GUIDES) {
    const code = codeIn(read(file)).join('\n')
    const named = code.match(/\b[A-Z]+_[A-Z_]+\b/g) ?? []
    expect(
      named.filter((name) => !settings.has(name) && !OTHER_NAMES.includes(name)),
      file,
    ).toEqual([])
    const metrics = code.match(/\bsmsgw_\w+/g) ?? []
    expect(
      metrics.filter((name) => !source.some(({ text }) => text.includes(`'${name}'`))),
      file,
    ).toEqual([])
    for (const [, yaml] of read(file).matchAll(/^```yaml\n(operators:[\s\S]*?)^```/gm)) {
      expect(Object.keys(parseOperators(yaml!, file, CONNECTORS).operators).length, file).toBeGreaterThan(0)
    }
  }
})

test('the guides are linked from the README, and each leads to another document', () => {
  const linked = linksIn('README.md').map(({ target }) => target)
  expect(GUIDES.filter((file) => !linked.includes(file))).toEqual([])
  for (const file of GUIDES) expect(linksIn(file).length, file).toBeGreaterThan(0)
})
