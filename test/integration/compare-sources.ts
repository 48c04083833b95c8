import type { ClickHouse } from '../../src/clickhouse/clickhouse-client.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { readLedger } from '../../src/simulator/submission-ledger.ts'
import { countFinalMessages } from '../servers/count-final-messages.ts'

/** What the sources say of a customer's messages, each for itself. */
export interface SourceCounts {
  readonly postgres: Record<string, number>
  readonly clickhouse: Record<string, number>
  /** Messages that the operator took, and tries beyond the first of one message that it took. */
  readonly operator: { taken: number; takenAgain: number }
  /** Sum of the customer's ledger and its balance; equal when the books are right. */
  readonly ledger: { balance: number; reserved: number; spent: number }
  readonly account: { balance: number; reserved: number }
}

export async function countSources(
  pool: Pool,
  clickhouse: ClickHouse,
  ledgerPath: string,
  customerId: string,
): Promise<SourceCounts> {
  const ids = await messageIds(pool, customerId)
  return {
    postgres: await postgresStatuses(pool, customerId),
    clickhouse: Object.fromEntries(await countFinalMessages(clickhouse, customerId)),
    operator: await operatorCounts(ledgerPath, ids),
    ledger: await ledgerSums(pool, customerId),
    account: await account(pool, customerId),
  }
}

/** Messages that the operator took more than once without the gateway saying that it may have. */
export async function unflaggedDuplicates(pool: Pool, ledgerPath: string): Promise<number[]> {
  const twice = [...(await takesOf(ledgerPath))].filter(([, { again }]) => again > 0).map(([smsId]) => smsId)
  const { rows } = await pool.query<{ sms_id: number }>(
    'SELECT sms_id FROM message_states WHERE sms_id = ANY($1::bigint[]) AND NOT possible_duplicate',
    [twice],
  )
  return rows.map(({ sms_id }) => sms_id)
}

async function messageIds(pool: Pool, customerId: string): Promise<Set<number>> {
  const { rows } = await pool.query<{ sms_id: number }>('SELECT sms_id FROM messages WHERE customer_id = $1', [
    customerId,
  ])
  return new Set(rows.map(({ sms_id }) => sms_id))
}

async function postgresStatuses(pool: Pool, customerId: string): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ status: string; count: number }>(
    `SELECT coalesce(s.status, 'accepted') AS status, count(*) AS count
     FROM messages m LEFT JOIN message_states s ON s.sms_id = m.sms_id WHERE m.customer_id = $1 GROUP BY 1`,
    [customerId],
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}

async function operatorCounts(path: string, ids: ReadonlySet<number>): Promise<SourceCounts['operator']> {
  const takes = [...(await takesOf(path))].filter(([smsId]) => ids.has(smsId))
  const whole = takes.filter(([, { missing }]) => missing === 0)
  return { taken: whole.length, takenAgain: takes.reduce((sum, [, { again }]) => sum + again, 0) }
}

interface Takes {
  /** Parts of the message that the operator has not taken. */
  readonly missing: number
  /** Takes of parts that it had already. */
  readonly again: number
}

/** What the operator took of each message. */
async function takesOf(path: string): Promise<Map<number, Takes>> {
  const taken = new Map<number, { parts: number; of: number[] }>()
  for await (const entry of readLedger(path)) {
    if (entry.kind !== 'submit' || entry.id === null || entry.ref === null) continue
    const smsId = Number(entry.ref.split('.')[0])
    const takes = taken.get(smsId) ?? { parts: entry.parts, of: [] }
    takes.of.push(entry.part)
    taken.set(smsId, takes)
  }
  const count = ({ parts, of }: { parts: number; of: number[] }): Takes => {
    const distinct = new Set(of).size
    return { missing: parts - distinct, again: of.length - distinct }
  }
  return new Map([...taken].map(([smsId, takes]) => [smsId, count(takes)]))
}

async function ledgerSums(pool: Pool, customerId: string): Promise<SourceCounts['ledger']> {
  const { rows } = await pool.query<{ balance: string; reserved: string; spent: string }>(
    `SELECT sum(balance) AS balance, sum(reserved) AS reserved,
       coalesce(-sum(reserved) FILTER (WHERE kind = 'capture'), 0) AS spent
     FROM ledger WHERE customer_id = $1`,
    [customerId],
  )
  const { balance, reserved, spent } = rows[0]!
  return { balance: Number(balance), reserved: Number(reserved), spent: Number(spent) }
}

async function account(pool: Pool, customerId: string): Promise<SourceCounts['account']> {
  const { rows } = await pool.query<{ balance: number; reserved: number }>(
    'SELECT balance, reserved FROM balances WHERE customer_id = $1',
    [customerId],
  )
  return rows[0]!
}
