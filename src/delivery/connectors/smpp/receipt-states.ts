import type { Receipt } from '../connector.ts'
import type { CompleteSmppSettings } from './smpp-settings.ts'

export type ReceiptState = Receipt['status'] | 'intermediate'

/** message_state (SMPP 3.4, 5.2.28; 0 and 9 are of SMPP 5.0). What was only accepted may still be delivered. */
const STATES: readonly ReceiptState[] = [
  'intermediate',
  'intermediate',
  'delivered',
  'expired',
  'failed',
  'failed',
  'intermediate',
  'unknown',
  'rejected',
  'failed',
]

/** The beginnings of what is written behind `stat:`, as appendix B has it and as others write it. */
const WRITTEN_STATES: readonly (readonly [string, ReceiptState])[] = [
  ['DELIV', 'delivered'],
  ['DLVRD', 'delivered'],
  ['EXPI', 'expired'],
  ['DELE', 'failed'],
  ['UNDE', 'failed'],
  ['FAIL', 'failed'],
  ['SKIP', 'failed'],
  ['REJE', 'rejected'],
  ['UNKN', 'unknown'],
  ['ACCE', 'intermediate'],
  ['ENRO', 'intermediate'],
  ['SCHE', 'intermediate'],
  ['BUFF', 'intermediate'],
  ['SUBM', 'intermediate'],
  ['SENT', 'intermediate'],
]

/** A word or a number for a state as a key of the setting `states`: without case, blanks and leading zeros. */
function stateKey(word: string): string {
  return word
    .trim()
    .toUpperCase()
    .replace(/^0+(?=.)/, '')
}

/** What the words and numbers of an operator's receipts mean: its own by the setting `states` before the usual ones. */
export class ReceiptStates {
  readonly #own: ReadonlyMap<string, ReceiptState>

  constructor(states: CompleteSmppSettings['states']) {
    this.#own = new Map(
      Object.entries(states).map(([word, state]) => [stateKey(word), state === 'ignored' ? 'intermediate' : state]),
    )
  }

  /** The state behind `stat:`; null if it is unknown. */
  written(stat: string): ReceiptState | null {
    const key = stateKey(stat)
    const own = this.#own.get(key)
    if (own) return own
    if (/^[0-9]+$/.test(key)) return STATES[Number(key)] ?? null
    return WRITTEN_STATES.find(([beginning]) => key.startsWith(beginning))?.[1] ?? null
  }

  /** The state of the parameter message_state; null if there is none, or it is unknown. */
  numbered(state: number | undefined): ReceiptState | null {
    if (state === undefined) return null
    return this.#own.get(String(state)) ?? STATES[state] ?? null
  }
}
