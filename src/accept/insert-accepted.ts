import type { QueryConfig } from 'pg'
import { type MessageToStore, rememberedDays } from '../domain/accept.ts'
import { outboxShard } from '../domain/outbox-shard.ts'
import { MESSAGE_FIELDS } from '../events/message-fields.ts'
import { numberArray } from '../postgres/array-literal.ts'
import { type Column, RowArrays } from '../postgres/row-arrays.ts'
import { SMS_IDS } from './accept-statements.ts'
import type { AcceptedRows } from './accepted-rows.ts'
import type { StoredAnswer } from './pending-request.ts'

const FIELDS = Object.entries(MESSAGE_FIELDS)

const MESSAGES = new RowArrays<MessageToStore>({
  ...Object.fromEntries(FIELDS.map(([name, field]) => [name, toColumn(field)])),
  shard: ['smallint', ({ request }) => outboxShard(request.customerId)],
})

const ANSWERS = new RowArrays<StoredAnswer>({
  customer_id: ['text', ({ customerId }) => customerId],
  key: ['text', ({ key }) => key],
  request_hash: ['bytea', ({ requestHash }) => requestHash],
  is_scheduled: ['boolean', (answer) => answer.rememberedDays > rememberedDays(false)],
  sms_ids: ['text', ({ smsIds }) => numberArray(smsIds)],
})

const SPENT = new RowArrays<readonly [customerId: string, amount: number]>({
  customer_id: ['text', ([customerId]) => customerId],
  amount: ['bigint', ([, amount]) => amount],
})

/** A time is given in milliseconds, which PostgreSQL adds up faster than it reads a date. */
function toColumn({ sql, pick }: (typeof MESSAGE_FIELDS)[keyof typeof MESSAGE_FIELDS]): Column<MessageToStore> {
  if (sql === 'timestamptz') return ['double precision', pick]
  if (sql === 'jsonb') return ['jsonb', (message) => jsonOf(pick(message))]
  return [sql, pick] as Column<MessageToStore>
}

function jsonOf(value: object | null): string | null {
  return value && JSON.stringify(value)
}

const storedTime = (ms: string): string => `to_timestamp(${ms} / 1000.0)`
const STORED = FIELDS.map(([name, { sql }]) => (sql === 'timestamptz' ? storedTime(name) : name))

const FIRST = { messages: 2, answers: 2 + MESSAGES.count, spent: 2 + MESSAGES.count + ANSWERS.count }
const messagesBy = (alias: string, ...columns: string[]): string => MESSAGES.from(alias, FIRST.messages, columns)
const SCHEDULE = MESSAGES.fromInOrder('row', FIRST.messages, ['shard', 'sms_id', 'send_at'])

/** Keys of scheduled messages have a table of their own. */
const insertAnswers = (table: string, condition: string): string => `
    INSERT INTO ${table} (customer_id, key, request_hash, ${SMS_IDS.map(({ name }) => name).join(', ')}, created_at)
    SELECT customer_id, key, request_hash, ${SMS_IDS.map(({ of }) => of('sms_ids')).join(', ')}, ${storedTime('$1')}
    FROM answer WHERE ${condition}`

const INSERT_ACCEPTED = `
  WITH accepted AS (
    INSERT INTO messages (${FIELDS.map(([name]) => name).join(', ')})
    SELECT ${STORED.join(', ')} FROM ${messagesBy('message', ...FIELDS.map(([name]) => name))}
  ), queued AS (
    INSERT INTO outbox (shard, sms_id, carries)
    SELECT shard, sms_id, CASE WHEN send_at IS NOT NULL THEN 'accepted' END FROM ${SCHEDULE} ORDER BY place
  ), waiting AS (
    INSERT INTO scheduled (sms_id, kind, shard, due_at)
    SELECT sms_id, 'message', shard, ${storedTime('send_at')} FROM ${SCHEDULE} WHERE send_at IS NOT NULL ORDER BY place
  ), reserved AS (
    INSERT INTO ledger (ref, kind, customer_id, balance, reserved)
    SELECT sms_id, 'reserve', customer_id, -cost, cost FROM ${messagesBy('entry', 'sms_id', 'customer_id', 'cost')}
  ), answer AS (
    SELECT * FROM ${ANSWERS.from('answer', FIRST.answers)}
  ), answered AS (${insertAnswers('idempotency', 'NOT is_scheduled')}
  ), answered_later AS (${insertAnswers('idempotency_scheduled', 'is_scheduled')}
  )
  UPDATE balances SET balance = balances.balance - spent.amount, reserved = balances.reserved + spent.amount
  FROM ${SPENT.from('spent', FIRST.spent)} WHERE balances.customer_id = spent.customer_id`

/** Everything that accepting writes, in one statement. */
export function insertAccepted({ nowMs, messages, answers, spent }: AcceptedRows): QueryConfig {
  return {
    name: 'accept-insert-3',
    text: INSERT_ACCEPTED,
    values: [nowMs, ...MESSAGES.values(messages), ...ANSWERS.values(answers), ...SPENT.values([...spent])],
  }
}
