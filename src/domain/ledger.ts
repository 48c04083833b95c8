import { STATES, type Status } from './status.ts'

/**
 * What became of the money reserved for a message.
 * - `reserved`: taken from the balance when the message was accepted.
 * - `captured`: spent, because the operator took the message, or may have.
 * - `released`: given back, because the operator did not.
 */
export type Settlement = 'reserved' | 'captured' | 'released'

/** What an entry of the ledger does to a customer's account, in the currency's minor unit. */
export interface LedgerEffect {
  readonly balance: number
  readonly reserved: number
}

export type LedgerKind = 'top-up' | 'reserve' | 'capture' | 'release'

/** The two columns of each kind of entry. The sum of `balance` over a customer's entries is its balance, always. */
export function effectOf(kind: LedgerKind, amount: number): LedgerEffect {
  switch (kind) {
    case 'top-up':
      return { balance: amount, reserved: 0 }
    case 'reserve':
      return { balance: -amount, reserved: amount }
    case 'capture':
      return { balance: 0, reserved: -amount }
    case 'release':
      return { balance: amount, reserved: -amount }
  }
}

/**
 * How reaching a status settles a message's money; null when it is settled already or not to be settled yet. `taken`
 * says that the operator took the message before: its receipt may overtake the news that it did.
 */
export function settlementBy(status: Status, settlement: Settlement, taken: boolean): 'capture' | 'release' | null {
  if (settlement !== 'reserved') return null
  const { settles } = STATES[status]
  return settles === 'release' && taken ? 'capture' : settles
}
