import type { Status } from '../../../src/domain/status.ts'
import { decodeSteps } from '../../../src/domain/timeline-steps.ts'
import type { Pool } from '../../../src/postgres/pool.ts'
import type { Facts } from './facts.ts'

type DatabaseFacts = Pick<
  Facts,
  'messages' | 'states' | 'attempts' | 'books' | 'balances' | 'outboxRows' | 'webhookRetries' | 'endpoints'
>

/** A part of several has a row of its own as soon as its answer is there, or is known to be lost. */
const PARTS_OF_ATTEMPTS = `
  SELECT a.sms_id AS "smsId", a.attempt, one.part, a.possible_duplicate AS "possibleDuplicate",
    CASE WHEN a.part_count = 1 THEN a.outcome ELSE p.outcome END AS outcome
  FROM attempts a
  CROSS JOIN LATERAL unnest(coalesce(a.parts, ARRAY(SELECT generate_series(1, a.part_count)::smallint))) AS one (part)
  LEFT JOIN attempt_parts p ON p.sms_id = a.sms_id AND p.attempt = a.attempt AND p.part = one.part`

/** What PostgreSQL has, whole tables: the database is the campaign's own. */
export async function readDatabase(pool: Pool): Promise<DatabaseFacts> {
  const messages = await pool.query<DatabaseFacts['messages'][number]>(
    `SELECT sms_id AS "smsId", customer_id AS "customerId", phone, idempotency_key AS key, cost, segments FROM messages`,
  )
  const states = await pool.query<{ sms_id: number; status: Status; possible_duplicate: boolean; steps: string }>(
    'SELECT sms_id, status, possible_duplicate, steps FROM message_states',
  )
  const attempts = await pool.query<DatabaseFacts['attempts'][number]>(PARTS_OF_ATTEMPTS)
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
    states: states.rows.map(({ sms_id, status, possible_duplicate, steps }) => {
      return {
        smsId: sms_id,
        status,
        possibleDuplicate: possible_duplicate,
        timeline: decodeSteps(steps).map((step) => step.status),
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
