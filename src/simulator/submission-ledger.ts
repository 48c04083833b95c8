import { createHash } from 'node:crypto'
import { appendFileSync, createReadStream, existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'

/** What the simulator was sent and how it treated it. The text is kept as a hash. */
interface SubmissionEntry {
  readonly kind: 'submit'
  readonly at: string
  readonly ref: string
  readonly to: string
  readonly text_sha256: string
  readonly segments: number
  readonly result: 'taken' | 'taken-unanswered' | 'temporary' | 'throttled' | 'rejected'
  /** Of what was taken. */
  readonly id: string | null
  readonly delivered: boolean | null
  readonly receipt_due_ms: number | null
}

interface ReceiptEntry {
  readonly kind: 'receipt-acked'
  readonly id: string
}

export type LedgerEntry = SubmissionEntry | ReceiptEntry

/**
 * The simulator's own record of what the gateway did, one JSON object a line. It owes nothing to the gateway, so that
 * anyone can audit the gateway by it.
 */
export class SubmissionLedger {
  readonly #path: string
  #lines = ''

  /** An empty path keeps no ledger. */
  constructor(path: string) {
    this.#path = path
    if (path !== '') mkdirSync(dirname(path), { recursive: true })
  }

  add(entry: LedgerEntry): void {
    if (this.#path !== '') this.#lines += `${JSON.stringify(entry)}\n`
  }

  /** Writes what was added; called before anybody is told of it. */
  flush(): void {
    if (this.#lines === '') return
    appendFileSync(this.#path, this.#lines)
    this.#lines = ''
  }
}

export function textHash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Reads a ledger from its beginning. A last line that was torn by a crash is left out. */
export async function* readLedger(path: string): AsyncGenerator<LedgerEntry> {
  if (path === '' || !existsSync(path)) return
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.endsWith('}')) yield JSON.parse(line) as LedgerEntry
  }
}
