import { retentionSettings } from '../retention/config.ts'
import { asShown } from './round-figures.ts'

/** What a store keeps of messages, on one copy. */
export interface StoreDisk {
  readonly store: 'PostgreSQL'
  readonly what: string
  readonly messageBytes: number
  readonly keptDays: number
  readonly gb: number
}

/**
 * Bytes a message with their indexes, of a message in one part with a receipt and an idempotency key of 36 characters:
 * `bench/README.md` has them by table and index.
 */
const MESSAGE_BYTES = { messages: 527, attempts: 278, ledger: 219, idempotency: 141 }

/** As the settings `RETENTION_…` of the role `monitor` are unless set. */
const KEPT: Readonly<Record<keyof typeof MESSAGE_BYTES, number>> = {
  messages: retentionSettings.RETENTION_MESSAGES_DAYS.fallback,
  attempts: retentionSettings.RETENTION_ATTEMPTS_DAYS.fallback,
  ledger: retentionSettings.RETENTION_LEDGER_DAYS.fallback,
  idempotency: retentionSettings.RETENTION_IDEMPOTENCY_HOURS.fallback / 24,
}

const ROWS = [
  ['PostgreSQL', 'messages', 'messages, states'],
  ['PostgreSQL', 'attempts', 'attempts, receipts'],
  ['PostgreSQL', 'ledger', 'ledger'],
  ['PostgreSQL', 'idempotency', 'idempotency keys'],
] as const

/** The disk that the messages of a day come to in the end. A day is dropped whole, when its last row is old enough. */
export function storeDisks(messagesPerDay: number): readonly StoreDisk[] {
  return ROWS.map(([store, key, what]) => {
    const [messageBytes, keptDays] = [MESSAGE_BYTES[key], KEPT[key]]
    return { store, what, messageBytes, keptDays, gb: asShown((messagesPerDay * messageBytes * (keptDays + 1)) / 1e9) }
  })
}
