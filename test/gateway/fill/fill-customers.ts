import { createApiKey, hashSecret } from '../../../src/domain/api-key.ts'
import { SmsIds } from '../../../src/domain/sms-id.ts'
import type { Pool } from '../../../src/postgres/pool.ts'
import { RowArrays } from '../../../src/postgres/row-arrays.ts'

const BALANCE = 100_000_000_000
const CUSTOMERS_AT_ONCE = 100_000

export function customerIdOf(index: number): string {
  return `bench-${index}`
}

/** Makes the customers from one number up to, and without, another; each has money. */
export async function fillCustomers(pool: Pool, from: number, to: number): Promise<void> {
  const ids = new SmsIds(63)
  for (let first = from; first < to; first += CUSTOMERS_AT_ONCE) {
    const last = Math.min(to, first + CUSTOMERS_AT_ONCE) - 1
    // Room for as many references as there are customers: a top-up's is an id, of which a millisecond has 8,192.
    const firstRef = ids.next(Date.now() - 3_600_000) + first
    await pool.query(
      `WITH made AS (
         INSERT INTO customers (customer_id, name, currency, express)
         SELECT 'bench-' || n, 'bench-' || n, 'IRR', true FROM generate_series($1::bigint, $2::bigint) AS n
       ), topped_up AS (
         INSERT INTO ledger (ref, kind, customer_id, balance, reserved)
         SELECT $3::bigint + n, 'top-up', 'bench-' || n, $4::bigint, 0 FROM generate_series($1::bigint, $2::bigint) AS n
       )
       INSERT INTO balances (customer_id, balance)
       SELECT 'bench-' || n, $4::bigint FROM generate_series($1::bigint, $2::bigint) AS n`,
      [first, last, firstRef, BALANCE],
    )
  }
}

const API_KEYS = new RowArrays<{ readonly customerId: string; readonly keyId: string; readonly secret: string }>({
  key_id: ['text', ({ keyId }) => keyId],
  customer_id: ['text', ({ customerId }) => customerId],
  secret_hash: ['bytea', ({ secret }) => hashSecret(secret)],
})

/** A key for each of these customers, in their order. */
export async function issueKeys(pool: Pool, customerIds: readonly string[]): Promise<string[]> {
  const keys = customerIds.map((customerId) => ({ customerId, ...createApiKey() }))
  await pool.query(
    `INSERT INTO api_keys (${API_KEYS.names}) SELECT * FROM ${API_KEYS.from('key')}`,
    API_KEYS.values(keys),
  )
  return keys.map(({ text }) => text)
}

/** So many customers of all that there are, spread evenly over them. */
export function someCustomers(all: number, wanted: number): string[] {
  const count = Math.min(all, wanted)
  return Array.from({ length: count }, (_, index) => customerIdOf(Math.floor((index * all) / count)))
}
