import { createApiKey, hashSecret, KEY_PREFIX } from '../domain/api-key.ts'
import { effectOf } from '../domain/ledger.ts'
import { SqlState, sqlState } from '../postgres/database-errors.ts'
import type { Connection, Pool, Queryable } from '../postgres/pool.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { drawReference } from '../tables/draw-reference.ts'

class AccountError extends ExpectedError {
  override readonly name = 'AccountError'
}

export interface NewCustomer {
  readonly customerId: string
  readonly name: string
  /** ISO 4217. */
  readonly currency: string
  /** Whether it may send with priority 3; false by default. */
  readonly express?: boolean
}

/**
 * Makes a customer with an empty balance. Throws AccountError if there is one with this id, or the id is not allowed.
 */
export async function createCustomer(pool: Pool | Connection, customer: NewCustomer): Promise<void> {
  const { customerId, name, currency, express = false } = customer
  try {
    await inTransaction(pool, async (connection) => {
      const values = [customerId, name, currency, express]
      const insert = 'INSERT INTO customers (customer_id, name, currency, express) VALUES ($1, $2, $3, $4)'
      await connection.query(insert, values)
      await connection.query('INSERT INTO balances (customer_id) VALUES ($1)', [customerId])
    })
  } catch (error) {
    if (sqlState(error) === SqlState.UNIQUE_VIOLATION) throw new AccountError(`customer "${customerId}" exists already`)
    if (sqlState(error) === SqlState.CHECK_VIOLATION) {
      throw new AccountError('a customer id has 1 to 64 letters, digits, - or _, and a currency three capitals')
    }
    throw error
  }
}

/** Adds to a balance, in the currency's minor unit. Returns the new balance. Throws AccountError. */
export async function topUp(pool: Pool | Connection, customerId: string, amount: number): Promise<number> {
  if (!Number.isSafeInteger(amount) || amount <= 0) throw new AccountError('an amount is a whole number above 0')
  const { balance, reserved } = effectOf('top-up', amount)
  const ref = await drawReference(pool)
  return inTransaction(pool, async (connection) => {
    const updated = await connection.query<{ balance: number }>(
      'UPDATE balances SET balance = balance + $2 WHERE customer_id = $1 RETURNING balance',
      [customerId, amount],
    )
    if (!updated.rows[0]) throw new AccountError(`there is no customer "${customerId}"`)
    await connection.query(
      "INSERT INTO ledger (ref, kind, customer_id, balance, reserved) VALUES ($1, 'top-up', $2, $3, $4)",
      [ref, customerId, balance, reserved],
    )
    return updated.rows[0].balance
  })
}

/** Permits priority 3 to a customer, or withdraws it; in force within five seconds. Throws AccountError. */
export async function setExpress(database: Queryable, customerId: string, express: boolean): Promise<void> {
  const { rowCount } = await database.query('UPDATE customers SET express = $2 WHERE customer_id = $1', [
    customerId,
    express,
  ])
  if (rowCount === 0) throw new AccountError(`there is no customer "${customerId}"`)
}

/**
 * Makes an API key and returns its text, which is shown only once. Without `express` the key may not send with priority
 * 3, also if its customer may. Throws AccountError.
 */
export async function issueKey(
  database: Queryable,
  customerId: string,
  { express = true }: { express?: boolean } = {},
): Promise<{ keyId: string; key: string }> {
  const { keyId, secret, text } = createApiKey()
  try {
    await database.query('INSERT INTO api_keys (key_id, customer_id, secret_hash, express) VALUES ($1, $2, $3, $4)', [
      keyId,
      customerId,
      hashSecret(secret),
      express,
    ])
  } catch (error) {
    if (sqlState(error) === SqlState.FOREIGN_KEY_VIOLATION)
      throw new AccountError(`there is no customer "${customerId}"`)
    throw error
  }
  return { keyId, key: text }
}

/** The key stops working within five seconds. Throws AccountError. */
export async function revokeKey(database: Queryable, keyId: string): Promise<void> {
  const { rowCount } = await database.query(
    'UPDATE api_keys SET revoked_at = now() WHERE key_id = $1 AND revoked_at IS NULL',
    [keyId],
  )
  if (rowCount === 0) throw new AccountError(`there is no key "${keyId}", or it is revoked already`)
}

/** An API key as it may be shown: the secret is not stored, only its digest. */
export interface KeyRow {
  readonly key_id: string
  /** What the text of the key begins with. */
  readonly prefix: string
  readonly customer_id: string
  readonly created_at: Date
  /** Whether both the key and its customer may send with priority 3. */
  readonly express: boolean
  readonly revoked_at: Date | null
}

/** The oldest first. */
export async function listKeys(
  database: Queryable,
  {
    customerId,
    withRevoked,
    rowsMax,
  }: { readonly customerId: string | null; readonly withRevoked: boolean; readonly rowsMax: number },
): Promise<KeyRow[]> {
  const { rows } = await database.query<KeyRow>(
    `SELECT key_id, $3 || key_id AS prefix, customer_id, k.created_at, k.express AND c.express AS express, revoked_at
     FROM api_keys k JOIN customers c USING (customer_id)
     WHERE ($1::text IS NULL OR customer_id = $1) AND (revoked_at IS NULL OR $2)
     ORDER BY k.created_at, key_id LIMIT $4`,
    [customerId, withRevoked, KEY_PREFIX, rowsMax],
  )
  return rows
}

export interface CustomerRow {
  readonly customer_id: string
  readonly name: string
  readonly currency: string
  readonly balance: number
  readonly reserved: number
  readonly express: boolean
}

/** By their ids. */
export async function listCustomers(database: Queryable, rowsMax: number): Promise<CustomerRow[]> {
  const { rows } = await database.query<CustomerRow>(
    `SELECT customer_id, name, currency, balance, reserved, express
     FROM customers JOIN balances USING (customer_id) ORDER BY customer_id LIMIT $1`,
    [rowsMax],
  )
  return rows
}

/** Null if there is no such customer. */
export async function readBalance(database: Queryable, customerId: string): Promise<number | null> {
  const { rows } = await database.query<{ balance: number }>('SELECT balance FROM balances WHERE customer_id = $1', [
    customerId,
  ])
  return rows[0]?.balance ?? null
}
