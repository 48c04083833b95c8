import { hash } from 'node:crypto'
import { closeSync, createReadStream, existsSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { Charset } from '../domain/text/coding.ts'
import { isNoRoom } from '../runtime/disk-space.ts'
import type { ReceiptFate, SubmitFate } from './behaviour.ts'
import type { FinalState } from './final-states.ts'
import type { ReceiptForm } from './write-receipt.ts'

/** A submit that the simulator was sent, and how it treated it. Its text is kept as a hash. */
export interface SubmissionEntry {
  readonly kind: 'submit'
  /** When it was read from the connection. */
  readonly arrived: string
  /** When it was decided over, which is when it is answered. */
  readonly at: string
  /** `<sms_id>.<attempt>` of the gateway; null for a peer that does not say. */
  readonly ref: string | null
  /** From 1, of how many; a text that the simulator is to divide itself is one part. */
  readonly part: number
  readonly parts: number
  /** What parts of one text have in common; null for one that is whole. */
  readonly concatenation: number | null
  readonly to: string
  readonly from: string
  readonly charset: Charset
  /** Of the part. */
  readonly text_sha256: string
  readonly system_id: string
  readonly session: number
  readonly result: SubmitFate
  /** The command status that it was answered with, or would have been. */
  readonly status: string
  /** Of what was taken, in decimal. */
  readonly id: string | null
  readonly delivered: boolean | null
  readonly final: FinalState | null
  readonly receipt: ReceiptFate | null
  readonly receipt_due_ms: number | null
}

/** A receipt that was sent and acknowledged; twice, where it was sent twice. */
export interface ReceiptEntry {
  readonly kind: 'receipt-acked'
  readonly id: string
  readonly at: string
  /** That acknowledged it. */
  readonly session: number
  readonly form: ReceiptForm
}

export type LedgerEntry = SubmissionEntry | ReceiptEntry

/**
 * The simulator's own record of what the gateway did, one JSON object a line. It shares no code or data with the
 * gateway, so it can audit the gateway.
 */
export class SubmissionLedger {
  readonly #path: string
  readonly #fullChanged: (isFull: boolean) => void
  #lines = ''
  /** What a full disk did not take; it goes on where the write broke off, so no line is torn. */
  #unwritten: Uint8Array = Buffer.alloc(0)
  #isFull = false

  /**
   * An empty path keeps no ledger. `fullChanged` is called when the disk has become full, and when it has room again.
   */
  constructor(path: string, fullChanged: (isFull: boolean) => void = () => {}) {
    this.#path = path
    this.#fullChanged = fullChanged
    if (path === '') return
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // What an earlier run had not finished when it was killed is a line of its own.
    if (existsSync(path) && !endsWithLine(path)) this.#lines = '\n'
  }

  get isKept(): boolean {
    return this.#path !== ''
  }

  add(entry: LedgerEntry): void {
    if (this.isKept) this.#lines += `${JSON.stringify(entry)}\n`
  }

  /**
   * Writes the added lines; called before any answer or receipt for them is sent. Returns whether all of it is written:
   * false while the disk is full, and then neither may be sent yet.
   */
  flush(): boolean {
    if (this.#lines !== '') {
      this.#unwritten = Buffer.concat([this.#unwritten, Buffer.from(this.#lines)])
      this.#lines = ''
    }
    if (this.#unwritten.length === 0) return true
    const isFull = !this.#append()
    if (isFull !== this.#isFull) this.#fullChanged(isFull)
    this.#isFull = isFull
    return !isFull
  }

  #append(): boolean {
    try {
      const file = openSync(this.#path, 'a', 0o600)
      try {
        while (this.#unwritten.length > 0) this.#unwritten = this.#unwritten.subarray(writeSync(file, this.#unwritten))
      } finally {
        closeSync(file)
      }
      return true
    } catch (error) {
      if (isNoRoom(error)) return false
      throw error
    }
  }
}

function endsWithLine(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const last = Buffer.from('\n')
    if (size > 0) readSync(file, last, 0, 1, size - 1)
    return last.toString() === '\n'
  } finally {
    closeSync(file)
  }
}

export function textHash(text: string): string {
  return hash('sha256', text)
}

/** Reads a ledger from its beginning. Lines that a crash has torn are left out. */
export async function* readLedger(path: string): AsyncGenerator<LedgerEntry> {
  if (path === '' || !existsSync(path)) return
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.endsWith('}')) yield JSON.parse(line) as LedgerEntry
  }
}
