import type { QueryConfig } from 'pg'
import type { LedgerEffect } from '../domain/ledger.ts'
import { RowArrays } from '../postgres/row-arrays.ts'

/** What changes a customer's money. */
export interface BalanceChange extends LedgerEffect {
  readonly customerId: string
}

/** An entry of the ledger about a message. */
export interface LedgerEntry extends BalanceChange {
  /** The message. */
  readonly ref: number
  readonly kind: 'reserve' | 'capture' | 'release'
  /** Names the round of the message: attempts before it. */
  readonly attemptsBefore: number
}

const ENTRIES = new RowArrays<LedgerEntry>({
  ref: ['bigint', ({ ref }) => ref],
  kind: ['text', ({ kind }) => kind],
  customer_id: ['text', ({ customerId }) => customerId],
  balance: ['bigint', ({ balance }) => balance],
  reserved: ['bigint', ({ reserved }) => reserved],
  attempts_before: ['smallint', ({ attemptsBefore }) => attemptsBefore],
})

export function insertEntries(entries: readonly LedgerEntry[]): QueryConfig {
  return {
    name: 'ledger-enter',
    text: `INSERT INTO ledger (${ENTRIES.names}) SELECT * FROM ${ENTRIES.from('entry')}`,
    values: ENTRIES.values(entries),
  }
}

/** What is added to balances. */
export const BALANCE_CHANGES = new RowArrays<BalanceChange>({
  customer_id: ['text', ({ customerId }) => customerId],
  balance: ['bigint', ({ balance }) => balance],
  reserved: ['bigint', ({ reserved }) => reserved],
})

/** One change for each customer. */
export function sumByCustomer(changes: readonly BalanceChange[]): BalanceChange[] {
  const sums = new Map<string, BalanceChange>()
  for (const { customerId, balance, reserved } of changes) {
    const before = sums.get(customerId) ?? { balance: 0, reserved: 0 }
    sums.set(customerId, { customerId, balance: before.balance + balance, reserved: before.reserved + reserved })
  }
  return [...sums.values()]
}
