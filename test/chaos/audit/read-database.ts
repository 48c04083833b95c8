import type { Status } from '../../../src/domain/status.ts'
import type { Pool } from '../../../src/postgres/pool.ts'
import type { Facts } from './facts.ts'

type DatabaseFacts = Pick<
  Facts,
  'messages' | 'states' | 'attempts' | 'books' | 'balances' | 'outboxRows' | 'webhookRetries' | 'endpoints'
>

/** What PostgreSQL has, whole tables: the database is the campaign's own. */
export async function readDatabase(pool: Pool): Promise<DatabaseFacts> {
  const messages = await pool.query<DatabaseFacts['messages'][number]>(
    `SELECT sms_id AS "smsId", customer_id AS "customerId", phone, idempotency_key AS key, cost, segments FROM messages`,
  )
  const states = await pool.query<{ sms_id: number; status: Status; possible_duplicate: boolean; timeline: Step[] }>(
    'SELECT sms_id, status, possible_duplicate, timeline FROM message_states',
  )
  const attempts = await pool.query<DatabaseFacts['attempts'][number]>(
    `SELECT sms_id AS "smsId", attempt, outcome, possible_duplicate AS "possibleDuplicate",
       outcome = 'sent' AND NOT EXISTS (SELECT FROM attempt_parts AS part WHERE part.sms_id = attempts.sms_id
         AND part.attempt = attempts.attempt AND part.outcome <> 'sent') AS "isWhole" FROM attempts`,
  )
  const books = await pool.query<DatabaseFacts['books'][number]>(
    'SELECT ref, kind, customer_id AS "customerId", balance, reserved FROM ledger',
  )
  const balances = await pool.query<DatabaseFacts['balances'][number]>(
    'SELECT customer_id AS "customerId", balance, reserved FROM balances',
  )
  const waiting = await pool.query<{ outbox: number; retries: number }>(
    'SELECT (SELECT count(*) FROM outbox) AS outbox, (SELECT count(*) FROM webhook_retries) AS retries',
  )
  const endpoints = await pool.query<{ customer_id: string; secret: string }>(
    'SELECT customer_id, secret FROM webhook_endpoints',
  )
  return {
    messages: messages.rows,
    states: states.rows.map(({ sms_id, status, possible_duplicate, timeline }) => {
      return {
        smsId: sms_id,
        status,
        possibleDuplicate: possible_duplicate,
        timeline: timeline.map((step) => step.status),
      }
    }),
    attempts: attempts.rows,
    books: books.rows,
    balances: balances.rows,
    outboxRows: waiting.rows[0]!.outbox,
    webhookRetries: waiting.rows[0]!.retries,
    endpoints: new Map(endpoints.rows.map(({ customer_id, secret }) => [customer_id, secret])),
  }
}

interface Step {
  readonly status: Status
}
