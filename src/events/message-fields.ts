import { type TSchema, Type } from 'typebox'
import type { MessageToStore } from '../domain/accept.ts'
import type { Metadata } from '../domain/customer-notes.ts'
import { segment } from '../domain/text/segments.ts'
import {
  absentAs,
  ClientRef,
  CustomerId,
  CustomerMetadata,
  EncodingName,
  nullable,
  Phone,
  Priority,
  SmsId,
  Timestamp,
} from './fields.ts'

/** Values by the type of their column; of a time the milliseconds, where a message is accepted. */
export interface ValueOf {
  bigint: number
  smallint: number
  text: string | null
  boolean: boolean
  jsonb: Metadata | null
  timestamptz: number | null
}

/** What carries a field besides the table `messages`, and how. */
export interface Carried {
  /** Its form in `sms.accepted`, `sms.delivery` and `sms.status`. One that is optional is left out for null and false. */
  readonly accepted?: TSchema
  readonly task?: TSchema
  readonly status?: TSchema
  /** Its name in those, if that is not the column's. */
  readonly wire?: string
  /** Its type in ClickHouse's tables of the events that carry it. */
  readonly clickhouse?: string
  /** Its name in the body of a webhook. */
  readonly webhook?: string
}

function field<Sql extends keyof ValueOf, Value extends ValueOf[Sql], const Of extends Carried>(
  sql: Sql,
  pick: (message: MessageToStore) => Value,
  carried: Of,
) {
  return { sql, pick, ...carried }
}

const EventText = Type.String({ minLength: 1 })
const Sender = absentAs(nullable(Type.String()), () => null)
const EventEncoding = absentAs(EncodingName, ({ message }) => segment(String(message)).encoding)
const Segments = absentAs(Type.Integer({ minimum: 1 }), ({ message }) => segment(String(message)).segments)
const StatusSegments = absentAs(Type.Integer({ minimum: 0 }), () => 0)
const Operator = Type.String({ minLength: 1 })
const Network = Type.Optional(Type.String({ pattern: '^[0-9]{3}-[0-9]{2,3}$' }))
const NullableString = nullable(Type.String())

/**
 * The fields of a message, under the names of their columns in `messages`. All else that has fields of a message is made
 * of this list: the statement that accepts messages, the row of a stored one, the events, the columns of ClickHouse and
 * the webhook body (docs/decisions/0036). What a new field still lacks, the compiler or `test/message-fields.test.ts`
 * names.
 */
export const MESSAGE_FIELDS = {
  sms_id: field('bigint', ({ message }) => message.smsId, {
    ...{ accepted: SmsId, task: SmsId, status: SmsId, clickhouse: 'UInt64', webhook: 'sms_id' },
  }),
  customer_id: field('text', ({ request }) => request.customerId, {
    ...{ accepted: CustomerId, task: CustomerId, status: CustomerId, clickhouse: 'String' },
  }),
  phone: field('text', ({ message }) => message.phone, { accepted: Phone, task: Phone, clickhouse: 'String' }),
  text: field('text', ({ message }) => message.text, { wire: 'message', accepted: EventText, task: EventText }),
  sender: field('text', ({ message }) => message.sender, {
    ...{ accepted: Sender, task: Sender, clickhouse: 'Nullable(String)' },
  }),
  encoding: field('text', ({ message }) => message.encoding, {
    ...{ accepted: EventEncoding, task: EventEncoding, clickhouse: 'String' },
  }),
  segments: field('smallint', ({ message }) => message.segments, {
    ...{ accepted: Segments, task: Segments, status: StatusSegments, clickhouse: 'UInt16', webhook: 'segments' },
  }),
  /** Where it was routed first; a status names the operator that it is about. */
  operator: field('text', ({ message }) => message.operator, {
    ...{ accepted: absentAs(Operator, () => 'unknown'), task: Operator, clickhouse: 'String' },
  }),
  cost: field('bigint', ({ message }) => message.cost, {
    ...{ accepted: Type.Integer({ minimum: 0 }), clickhouse: 'UInt64' },
  }),
  priority: field('smallint', ({ message }) => message.priority, {
    ...{ accepted: absentAs(Priority, () => 0), task: Priority, clickhouse: 'UInt8' },
  }),
  max_retries: field('smallint', ({ maxRetries }) => maxRetries, { task: Type.Integer({ minimum: 0 }) }),
  valid_until: field('timestamptz', ({ message }) => message.validUntilMs, {
    task: absentAs(nullable(Timestamp), () => null),
  }),
  client_ref: field('text', ({ message }) => message.clientRef, {
    ...{ accepted: absentAs(NullableString, () => null), task: ClientRef, status: ClientRef },
    ...{ clickhouse: 'Nullable(String)', webhook: 'client_ref' },
  }),
  /** In `sms.accepted`, `metadata` is where the request came from. */
  metadata: field('jsonb', ({ message }) => message.metadata, {
    ...{ wire: 'customer_metadata', accepted: CustomerMetadata, task: CustomerMetadata, status: CustomerMetadata },
    ...{ clickhouse: 'Map(String, String)', webhook: 'metadata' },
  }),
  idempotency_key: field('text', ({ key }) => key, { accepted: NullableString }),
  ip: field('text', ({ request }) => request.origin.ip, {}),
  user_agent: field('text', ({ request }) => request.origin.userAgent, {}),
  traceparent: field('text', ({ request }) => request.origin.traceparent, {}),
  route: field('text', ({ message }) => message.route, {}),
  mcc_mnc: field('text', ({ message }) => message.mccMnc, { task: Network }),
  flash: field('boolean', ({ message }) => message.flash, { task: Type.Optional(Type.Boolean()) }),
  send_at: field('timestamptz', ({ message }) => message.sendAtMs, { accepted: Type.Optional(Timestamp) }),
  accepted_at: field('timestamptz', ({ message }) => message.acceptedAtMs, {}),
  text_changed: field('boolean', ({ message }) => message.textChanged, {}),
}

export type MessageFields = typeof MESSAGE_FIELDS
export type MessageColumn = keyof MessageFields

/** A row of `messages`. */
export type StoredMessage = {
  readonly [Column in MessageColumn]: MessageFields[Column]['sql'] extends 'timestamptz'
    ? Date | Extract<ReturnType<MessageFields[Column]['pick']>, null>
    : ReturnType<MessageFields[Column]['pick']>
}
