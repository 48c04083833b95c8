import { type TObject, Type } from 'typebox'
import { expect, test } from 'vitest'
import { allSettings } from '../src/cli/config-command.ts'
import { AcceptedEvent } from '../src/events/accepted.ts'
import { AdminAct } from '../src/events/admin-act.ts'
import { DeadLetter } from '../src/events/dead-letter.ts'
import { DeadLetterAction } from '../src/events/dead-letter-action.ts'
import { DeliveryTask } from '../src/events/delivery.ts'
import { StatusEvent } from '../src/events/status.ts'
import { declarationsOf, files, type SourceFile } from './read-source.ts'

/*
  Nothing looks live and is not: a code of a catalogue that is never raised, a word of a union that is never used, a setting
  that no code reads, a field of an event that no consumer reads. Each is found by its name, in the source without comments.
*/
type Source = Pick<SourceFile, 'path' | 'text' | 'imports'>

const source: readonly Source[] = files.map((file) => ({ ...file, text: withoutComments(file.text) }))

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

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

interface EventOfTopic {
  readonly schema: TObject
  readonly file: string
  /** Makes the event, and so names each of its fields. */
  readonly maker: string
  /** A file that reads the event without importing its schema. */
  readonly reader?: string
  /** Fields that no code of ours reads, and what they are for. */
  readonly readElsewhere: Readonly<Record<string, string>>
}

const REQUIRED = 'a field of the requirements, for their own consumers of the topic'
const FOR_AUDITORS = 'for auditors: they read `sms.audit` itself, and the audit log has its hash'

const EVENTS: readonly EventOfTopic[] = [
  {
    schema: AcceptedEvent,
    file: 'events/accepted.ts',
    maker: 'outbox/message-events.ts',
    readElsewhere: {
      event_type: REQUIRED,
      idempotency_key: REQUIRED,
      metadata: REQUIRED,
      send_at: 'says to other consumers why no status follows yet (decision 0016)',
    },
  },
  {
    schema: DeliveryTask,
    file: 'events/delivery.ts',
    maker: 'outbox/message-events.ts',
    readElsewhere: { task_id: `${REQUIRED}; our workers go by sms_id and attempt` },
  },
  { schema: StatusEvent, file: 'events/status.ts', maker: 'events/status-record.ts', readElsewhere: {} },
  {
    schema: DeadLetter,
    file: 'events/dead-letter.ts',
    maker: 'events/dead-letter-record.ts',
    readElsewhere: { message_bytes: 'says to a person how much of a large record is missing' },
  },
  {
    schema: DeadLetterAction,
    file: 'events/dead-letter-action.ts',
    maker: 'dead-letters/record-action.ts',
    reader: 'cli/dlq/dlq-command.ts',
    readElsewhere: { action_id: 'the id of the event; `smsgw dlq show --json` prints it' },
  },
  {
    schema: AdminAct,
    file: 'events/admin-act.ts',
    maker: 'admin/acts/admin-act-record.ts',
    readElsewhere: Object.fromEntries(Object.keys(AdminAct.properties).map((field) => [field, FOR_AUDITORS])),
  },
]

/** What is wrong with the fields of an event, as `field: no reader`. */
function deadFields({ schema, file, maker, reader }: EventOfTopic, from: readonly Source[]): string[] {
  const readers = from.filter(({ path, imports }) => (imports.includes(file) && path !== maker) || path === reader)
  const making = from.find(({ path }) => path === maker)!.text
  return Object.keys(schema.properties).flatMap((field) => {
    const read = new RegExp(`\\.${field}\\b|[{,]\\s*${field}\\b(?=[^:]|: [a-z])`)
    const isRead = readers.some(({ text }) => read.test(text)) || new RegExp(`\\bletter\\.${field}\\b`).test(making)
    const isWritten = new RegExp(`\\b${field}\\b`).test(making)
    return [...(isWritten ? [] : [`${field}: no writer`]), ...(isRead ? [] : [`${field}: no reader`])]
  })
}

test.each(EVENTS)('every field of the event in $file has a writer and a reader', (event) => {
  const dead = deadFields(event, source)
  expect(dead).toEqual(Object.keys(event.readElsewhere).map((field) => `${field}: no reader`))
})

test('a planted name that is dead is found, of each kind', () => {
  const file = (path: string, text: string, imports: string[] = []): Source => ({ path, text, imports })
  const catalogue = file(
    'a.ts',
    "export const CODES = ['live', 'dead'] as const\n\nexport type Word = 'said' | 'unsaid'\n",
  )
  const user = file('b.ts', "throw coded('live')\nsay('said')\nread(settings.PORT)\nconst { HOST } = settings\n", [
    'event.ts',
  ])
  const planted = [catalogue, user]
  const catalogues = [{ file: 'a.ts', declared: 'CODES' }, ...unionsIn(planted)]
  expect(unusedMembers(catalogues, planted)).toEqual(['CODES: dead', 'Word: unsaid'])
  const declared = file(
    'config.ts',
    "const settings = { PORT: integer(1, ''), HOST: text('', ''), DEAD: text('', 'DEAD, see PORT') }",
  )
  expect(unreadSettings(['PORT', 'HOST', 'DEAD'], [...planted, declared])).toEqual(['DEAD'])
  const schema = Type.Object({ read: Type.String(), unread: Type.String(), unwritten: Type.Optional(Type.String()) })
  const event = { schema, file: 'event.ts', maker: 'make.ts', readElsewhere: {} }
  const making = file('make.ts', 'encode({ read, unread })', ['event.ts'])
  const reading = file('take.ts', 'use(event.read, event.unwritten)', ['event.ts'])
  expect(deadFields(event, [making, reading])).toEqual(['unread: no reader', 'unwritten: no writer'])
})
