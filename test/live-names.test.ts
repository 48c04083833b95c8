import { expect, test } from 'vitest'
import { allSettings } from '../src/cli/config-command.ts'
import { declarationsOf, files, type SourceFile, withoutComments } from './read-source.ts'

/*
  Nothing looks live and is not: a code of a catalogue that is never raised, a word of a union that is never used, a setting
  that no code reads. Each is found by its name, in the source without comments.
*/
type Source = Pick<SourceFile, 'path' | 'text'>

const source: readonly Source[] = files.map(({ path, text }) => ({ path, text: withoutComments(text) }))

/** A closed list: where it is declared, and how a file uses one of its members. */
interface Catalogue {
  readonly file: string
  readonly declared: string
  /** What a use looks like; the quoted member unless given. */
  readonly use?: (member: string) => RegExp
  /** Files that read members and raise none. */
  readonly readers?: RegExp
}

const CATALOGUES: readonly Catalogue[] = [
  {
    file: 'domain/errors.ts',
    declared: 'PROBLEMS',
    // Thrown, or what an error of the framework becomes.
    use: (code) => new RegExp(`new Problem\\(\\s*'${code}'|\\['FST_\\w+', '${code}'\\]`),
  },
  { file: 'events/dead-letter.ts', declared: 'DEAD_LETTER_REASONS', readers: /^(cli|dead-letters|tools)\// },
  { file: 'events/admin-act.ts', declared: 'ADMIN_ACTS', use: (act) => new RegExp(`\\bact: '${act}'`) },
  { file: 'events/dead-letter-action.ts', declared: 'DEAD_LETTER_ACTIONS' },
  { file: 'domain/status.ts', declared: 'STATUSES', readers: /^domain\/(event-id|timeline-steps|error-message)/ },
  { file: 'domain/receipts.ts', declared: 'RECEIPT_STATUSES' },
  { file: 'domain/error-message.ts', declared: 'OWN_CODES' },
  { file: 'delivery/connectors/connector.ts', declared: 'SubmitResult' },
  { file: 'delivery/connectors/connector.ts', declared: 'UNIDENTIFIED_CODES', readers: /^domain\/error-message/ },
  { file: 'runtime/exit-codes.ts', declared: 'EXIT', use: (code) => new RegExp(`\\bEXIT\\.${code}\\b`) },
]

/** The members of a catalogue: the keys of an object, or the words of a list or a union. */
function membersOf(declaration: string): string[] {
  const keys = [...declaration.matchAll(/^ {2}'?([a-zA-Z][\w.-]*)'?:/gm)].map(([, key]) => key!)
  const words = [...declaration.matchAll(/(?:[[|(,]|=|kind:)\s*'([\w.-]+)'/g)].map(([, word]) => word!)
  return keys.length > 0 ? keys : words
}

/** Every union of plain words that a file exports, as a catalogue of its own. */
function unionsIn(from: readonly Source[]): Catalogue[] {
  return from.flatMap(({ path, text }) =>
    [...text.matchAll(/^export type (\w+) =((?:\s*\|?\s*'[\w.-]+')+)$/gm)].map(([, declared]) => ({
      file: path,
      declared: declared!,
    })),
  )
}

/** Members of catalogues that nothing outside of their declaration uses, as `DECLARED: member`. */
function unusedMembers(catalogues: readonly Catalogue[], from: readonly Source[]): string[] {
  return catalogues.flatMap(({ file, declared, use = (member) => new RegExp(`'${member}'`), readers }) => {
    const home = from.find(({ path }) => path === file)!
    const [declaration = ''] = declarationsOf(declared, home.text)
    const members = membersOf(declaration)
    expect(members.length, declared).toBeGreaterThan(1)
    const others = from
      .filter(({ path }) => !readers?.test(path))
      .map(({ path, text }) => (path === file ? text.replace(declaration, '') : text))
    return members
      .filter((member) => !others.some((text) => use(member).test(text)))
      .map((member) => `${declared}: ${member}`)
  })
}

test('every member of a catalogue and of a union is used outside of its declaration', () => {
  const unions = unionsIn(source)
  expect(unions.length).toBeGreaterThan(20)
  expect(unusedMembers([...CATALOGUES, ...unions], source)).toEqual([])
})

/** Where a setting is used: read from the values, taken out of them, or named as a key. Its declaration is none of these. */
const readsSetting = (name: string): RegExp => new RegExp(`(?:\\.|[{,]\\s*)${name}\\b(?!: *[a-z]+\\()|'${name}'`)

function unreadSettings(names: readonly string[], from: readonly Source[]): string[] {
  return names.filter((name) => !from.some(({ text }) => readsSetting(name).test(text)))
}

const SETTINGS = [...new Set(Object.values(allSettings()).flatMap((settings) => Object.keys(settings)))]

test('every setting is read', () => {
  expect(SETTINGS.length).toBeGreaterThan(150)
  expect(unreadSettings(SETTINGS, source)).toEqual([])
})

/** Variables that are no settings of a role: what a command or a supervised process goes by. */
const OTHER_VARIABLES = ['SMSGW_API', 'SMSGW_API_KEY', 'SMSGW_PROCESS']

test('every variable of the environment that code names is a setting, which `smsgw config show` lists', () => {
  const named = source.flatMap(({ text }) => [...text.matchAll(/\benv\.([A-Z][A-Z_]+)\b/g)].map(([, name]) => name!))
  expect([...new Set(named)].filter((name) => !SETTINGS.includes(name) && !OTHER_VARIABLES.includes(name))).toEqual([])
})

test('a planted name that is dead is found, of each kind', () => {
  const file = (path: string, text: string): Source => ({ path, text })
  const catalogue = file(
    'a.ts',
    "export const CODES = ['live', 'dead'] as const\n\nexport type Word = 'said' | 'unsaid'\n",
  )
  const user = file('b.ts', "throw coded('live')\nsay('said')\nread(settings.PORT)\nconst { HOST } = settings\n")
  const planted = [catalogue, user]
  const catalogues = [{ file: 'a.ts', declared: 'CODES' }, ...unionsIn(planted)]
  expect(unusedMembers(catalogues, planted)).toEqual(['CODES: dead', 'Word: unsaid'])
  const declared = file(
    'config.ts',
    "const settings = { PORT: integer(1, ''), HOST: text('', ''), DEAD: text('', 'DEAD, see PORT') }",
  )
  expect(unreadSettings(['PORT', 'HOST', 'DEAD'], [...planted, declared])).toEqual(['DEAD'])
})
