import { type TObject, Type } from 'typebox'
import { expect, test } from 'vitest'
import { adminActRecord } from '../src/admin/acts/admin-act-record.ts'
import { ensureKafkaTables, GATEWAY_GROUPS, GATEWAY_TOPICS } from '../src/analytics/kafka-tables.ts'
import type { ClickHouse } from '../src/clickhouse/clickhouse-client.ts'
import { recordAction } from '../src/dead-letters/record-action.ts'
import { AcceptedEvent } from '../src/events/accepted.ts'
import { AdminAct } from '../src/events/admin-act.ts'
import { DeadLetter } from '../src/events/dead-letter.ts'
import { DeadLetterAction } from '../src/events/dead-letter-action.ts'
import { deadLetterRecord } from '../src/events/dead-letter-record.ts'
import { DeliveryTask } from '../src/events/delivery.ts'
import { StatusEvent } from '../src/events/status.ts'
import { statusRecord } from '../src/events/status-record.ts'
import { storedSubject } from '../src/events/status-subject.ts'
import { messageEvents } from '../src/outbox/message-events.ts'
import type { Queryable } from '../src/postgres/pool.ts'
import { files, type SourceFile, withoutComments } from './read-source.ts'
import { consumedRecord } from './servers/consumed-record.ts'
import { STORED } from './servers/sample-message.ts'

/*
  Every field of an event has a writer and a reader. Writers are run: what they make of a message that has everything has
  every field. Readers are the files that take events of that schema, and ClickHouse's tables.
*/
type Source = Pick<SourceFile, 'path' | 'text' | 'imports'>

const source: readonly Source[] = files.map((file) => ({ ...file, text: withoutComments(file.text) }))

interface EventOfTopic {
  readonly schema: TObject
  /** Has the schema; files that import it read such events. */
  readonly file: string
  /** Makes events, and reads none. */
  readonly maker: string
  /** A file that reads them by another type. */
  readonly reader?: string
  /** An event that has everything. */
  readonly made: () => unknown
  /** Fields that no code of ours reads, and what they are for. */
  readonly readElsewhere?: Readonly<Record<string, string>>
}

const REQUIRED = 'a field of the requirements, for their own consumers of the topic'
const COPIED = 'each status of the message has it from the task (`taskSubject`)'
const FOR_AUDITORS = 'for auditors: they read `sms.audit` itself, and the audit log has its hash'

const NOW_MS = Date.parse('2026-11-24T10:00:00.000Z')
/** Of a message that has every field. */
const SUBJECT = storedSubject({ ...STORED, due_at: new Date(NOW_MS) })
const DETAILS = {
  ...{ operator: 'o', attempt: 1, possibleDuplicate: false, operatorMessageId: 'x', errorCode: '1' },
  ...{ deliveredAt: new Date(NOW_MS), parts: [{ part: 1 }], isLate: true, route: 'o' },
}

const messageRecord = (index: 0 | 1): unknown => messageEvents(STORED, 'customer')[index].value

const EVENTS: readonly EventOfTopic[] = [
  {
    schema: AcceptedEvent,
    file: 'events/accepted.ts',
    maker: 'outbox/message-events.ts',
    made: () => messageRecord(0),
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
    made: () => messageRecord(1),
    readElsewhere: {
      task_id: `${REQUIRED}; our workers go by sms_id and attempt`,
      client_ref: COPIED,
      customer_metadata: COPIED,
    },
  },
  {
    schema: StatusEvent,
    file: 'events/status.ts',
    maker: 'events/status-record.ts',
    made: () => statusRecord(SUBJECT, 'failed', DETAILS, '/smsgw/worker', NOW_MS).value,
  },
  {
    schema: DeadLetter,
    file: 'events/dead-letter.ts',
    maker: 'events/dead-letter-record.ts',
    made: () => {
      const cause = { reason: 'handler', error: 'e', consumerGroup: 'g', attempts: 1 } as const
      return deadLetterRecord(consumedRecord({ value: 'x'.repeat(200_000) }), cause, NOW_MS).value
    },
    readElsewhere: {
      message_encoding: '`originalValue`, beside the maker, reads it',
      message_bytes: 'says to a person how much of a large record is missing',
    },
  },
  {
    schema: DeadLetterAction,
    file: 'events/dead-letter-action.ts',
    maker: 'dead-letters/record-action.ts',
    reader: 'cli/dlq/dlq-command.ts',
    made: async () => {
      const database = { query: async () => ({ rows: [{ at_ms: NOW_MS }] }) } as unknown as Queryable
      const details = { letters: ['1-1'], note: 'n', valueSha256: { before: 'a', after: 'b' } }
      return (await recordAction(database, 'edited', 'alice', details, NOW_MS)).insert.values![1]
    },
    readElsewhere: { action_id: 'the id of the event; `smsgw dlq show --json` prints it' },
  },
  {
    schema: AdminAct,
    file: 'events/admin-act.ts',
    maker: 'admin/acts/admin-act-record.ts',
    made: () => adminActRecord(1, 'alice', { act: 'key.created', subject: 'k', details: { a: 1 } }, NOW_MS).value,
    readElsewhere: Object.fromEntries(Object.keys(AdminAct.properties).map((field) => [field, FOR_AUDITORS])),
  },
]

/** ClickHouse's own columns of its Kafka tables, by the file of the event that they read. */
async function clickHouseReaders(): Promise<Source[]> {
  const queries: string[] = []
  const client = {
    query: async () => ({ json: async () => [] }),
    command: async ({ query }: { query: string }) => queries.push(query),
  } as unknown as ClickHouse
  const login = { isEncrypted: false, account: null }
  const sizes = { consumers: 1, blockRows: 1, flush: 'fast' as const }
  await ensureKafkaTables(client, {
    brokers: 'b:9092',
    login,
    ...sizes,
    topics: GATEWAY_TOPICS,
    groups: GATEWAY_GROUPS,
  })
  const columnsOf = (topic: string): string => {
    const create = queries.find((query) => query.includes(`kafka_topic_list = '${topic}'`))!
    const columns = create.slice(create.indexOf('('), create.indexOf('ENGINE'))
    return [...columns.matchAll(/[(,]\s*(\w+) [A-Z]/g)].map(([, name]) => `event.${name}`).join('\n')
  }
  return [
    { path: 'clickhouse accepted', text: columnsOf(GATEWAY_TOPICS.accepted), imports: ['events/accepted.ts'] },
    { path: 'clickhouse statuses', text: columnsOf(GATEWAY_TOPICS.status), imports: ['events/status.ts'] },
  ]
}

/** What is wrong with the fields of an event, as `field: no reader`. */
function deadFields(
  { schema, file, maker, reader }: Omit<EventOfTopic, 'made'>,
  made: object,
  from: readonly Source[],
): string[] {
  const readers = from.filter(({ path, imports }) => (imports.includes(file) && path !== maker) || path === reader)
  return Object.keys(schema.properties).flatMap((field) => {
    const read = new RegExp(`\\.${field}\\b|[{,]\\s*${field}\\b(?=[^:]|: [a-z])`)
    return [
      ...(Object.hasOwn(made, field) ? [] : [`${field}: no writer`]),
      ...(readers.some(({ text }) => read.test(text)) ? [] : [`${field}: no reader`]),
    ]
  })
}

test.each(EVENTS)('every field of the event in $file has a writer and a reader', async (event) => {
  const made = JSON.parse(String(await event.made())) as object
  const dead = deadFields(event, made, [...source, ...(await clickHouseReaders())])
  const expected = Object.keys(event.readElsewhere ?? {}).map((field) => `${field}: no reader`)
  expect(dead.sort()).toEqual(expected.sort())
})

test('a planted field that is dead is found', () => {
  const schema = Type.Object({ live: Type.String(), unread: Type.String(), unwritten: Type.Optional(Type.String()) })
  const event = { schema, file: 'event.ts', maker: 'make.ts' }
  const making = { path: 'make.ts', text: 'encode({ live, unread })', imports: ['event.ts'] }
  const reading = { path: 'take.ts', text: 'use(event.live, event.unwritten)', imports: ['event.ts'] }
  const made = { live: 'a', unread: 'b' }
  expect(deadFields(event, made, [making, reading])).toEqual(['unread: no reader', 'unwritten: no writer'])
})
