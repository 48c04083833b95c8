import { isTaken } from './behaviour.ts'
import { DueQueue } from './due-queue.ts'
import { OperatorAccount, type ReceiptBind } from './operator-account.ts'
import type { Session } from './session.ts'
import type { SubmissionEntry, SubmissionLedger } from './submission-ledger.ts'
import type { TakenMessage } from './taken-message.ts'
import { formOf, type ReceiptStyle, writeReceipt } from './write-receipt.ts'
import { writeRubbish } from './write-rubbish.ts'

/** Messages with sent receipts that are remembered for query_sm. */
const SENT_MAX = 10_000

export interface ReceiptDeskOptions {
  readonly style: ReceiptStyle
  readonly bind: ReceiptBind
  readonly retryMs: number
  readonly ledger: SubmissionLedger
}

/**
 * Sends receipts. A receipt goes to a session of the account that submitted the message, again and again until it is
 * acknowledged, also after a restart.
 */
export class ReceiptDesk {
  readonly #options: ReceiptDeskOptions
  readonly #accounts = new Map<string, OperatorAccount>()
  readonly #due = new DueQueue<TakenMessage>((due) => this.#fallDue(due))
  /** Messages whose receipts are pending, by id. */
  readonly #outstanding = new Map<number, TakenMessage>()
  /** Finished messages that query_sm may still ask for: the newest, and those before them. */
  #sent = new Map<number, TakenMessage>()
  #sentBefore = new Map<number, TakenMessage>()
  readonly #toPump = new Set<string>()

  constructor(options: ReceiptDeskOptions) {
    this.#options = options
  }

  /** Messages whose receipt is not acknowledged. */
  get outstanding(): number {
    return this.#outstanding.size
  }

  /** Sessions that are bound under a system_id. */
  bindsOf(systemId: string): number {
    return this.#accounts.get(systemId)?.sessions.size ?? 0
  }

  /** A session was bound; receipts of its account may be sent on it. */
  join(session: Session): void {
    const { systemId } = session.binding!
    this.#account(systemId).sessions.add(session)
    this.#pumpSoon(systemId)
  }

  /** A session is closed; its unacknowledged receipts are sent on another. */
  leave(session: Session): void {
    if (!session.binding) return
    const { systemId } = session.binding
    const account = this.#account(systemId)
    account.sessions.delete(session)
    this.sendAgain(session.takeUnacknowledged())
    if (account.sessions.size === 0 && account.waiting.size === 0) this.#accounts.delete(systemId)
  }

  find(id: number): TakenMessage | null {
    return this.#outstanding.get(id) ?? this.#sent.get(id) ?? this.#sentBefore.get(id) ?? null
  }

  /** A message was taken; its receipt is sent when due. */
  expect(message: TakenMessage): void {
    if (message.receipt === 'never') {
      this.#remember(message)
      return
    }
    this.#outstanding.set(message.id, message)
    this.#due.add(message, message.receiptDueMs)
  }

  /** A message was taken, and its receipt is sent at once. */
  sendNow(message: TakenMessage): void {
    this.#outstanding.set(message.id, message)
    this.#fallDue([message])
  }

  /** Whether it could: not after its receipt was sent. */
  cancel(message: TakenMessage): boolean {
    if (!this.#outstanding.has(message.id) || message.timesSent > 0 || message.receiptDueMs <= Date.now()) return false
    message.final = 'DELETED:000'
    return true
  }

  acknowledged(session: Session, message: TakenMessage, status: number): void {
    this.#pumpSoon(message.systemId)
    if (status !== 0) {
      this.#due.add(message, Date.now() + this.#options.retryMs)
      return
    }
    if (!this.#outstanding.has(message.id)) return
    this.#options.ledger.add({
      kind: 'receipt-acked',
      id: String(message.id),
      at: new Date().toISOString(),
      session: session.id,
      form: formOf(message, this.#options.style),
    })
    message.timesSent++
    this.#account(message.systemId).waiting.delete(message)
    if (message.receipt === 'twice' && message.timesSent === 1) {
      this.#due.add(message, Date.now() + (message.receiptDueMs - message.takenMs))
      return
    }
    this.#outstanding.delete(message.id)
    this.#remember(message)
  }

  /** A session has room for more receipts. */
  hasRoom(session: Session): void {
    if (session.binding) this.#pumpSoon(session.binding.systemId)
  }

  /** Receipts that were sent and not acknowledged in time. */
  sendAgain(messages: readonly TakenMessage[]): void {
    this.#fallDue(messages)
  }

  /** Messages of an earlier run without an acknowledged receipt get it soon. */
  recall(entry: SubmissionEntry): void {
    if (!isTaken(entry.result) || entry.receipt === null || entry.receipt === 'never') return
    const takenMs = Date.parse(entry.at)
    this.#outstanding.set(Number(entry.id), {
      id: Number(entry.id),
      systemId: entry.system_id,
      sessionId: 0,
      to: entry.to,
      from: entry.from,
      quote: '',
      takenMs,
      receiptDueMs: entry.receipt_due_ms!,
      receipt: 'once',
      rubbish: null,
      final: entry.final!,
      timesSent: 0,
    })
  }

  forget(id: number): void {
    this.#outstanding.delete(id)
  }

  /** After the last `recall`. */
  start(): void {
    for (const message of this.#outstanding.values()) this.#due.add(message, message.receiptDueMs)
  }

  /** Sends receipts that waited for room on the disk. */
  resume(): void {
    for (const systemId of this.#accounts.keys()) this.#pumpSoon(systemId)
  }

  stop(): void {
    this.#due.stop()
  }

  #fallDue(messages: readonly TakenMessage[]): void {
    const systemIds = new Set<string>()
    for (const message of messages) {
      if (!this.#outstanding.has(message.id)) continue
      this.#account(message.systemId).waiting.add(message)
      systemIds.add(message.systemId)
    }
    for (const systemId of systemIds) this.#pump(systemId)
  }

  /** At the end of this tick, for all that makes room in it. */
  #pumpSoon(systemId: string): void {
    if ((this.#accounts.get(systemId)?.waiting.size ?? 0) === 0) return
    if (this.#toPump.size === 0) {
      setImmediate(() => {
        const systemIds = [...this.#toPump]
        this.#toPump.clear()
        for (const each of systemIds) this.#pump(each)
      })
    }
    this.#toPump.add(systemId)
  }

  #pump(systemId: string): void {
    const account = this.#account(systemId)
    if (account.waiting.size === 0 || account.sessions.size === 0) return
    // While the disk is full nothing is sent; `resume` sends the pending receipts.
    if (!this.#options.ledger.flush()) return
    const { style, bind } = this.#options
    const used = new Set<Session>()
    for (const message of account.waiting) {
      const session = account.receiverFor(message, bind)
      if (!session) break
      account.waiting.delete(message)
      if (message.rubbish !== null) session.writeBytes(writeRubbish(message.rubbish))
      session.sendReceipt(message, (sequence) => writeReceipt(message, style, sequence))
      used.add(session)
    }
    for (const session of used) session.flush()
  }

  #account(systemId: string): OperatorAccount {
    let account = this.#accounts.get(systemId)
    if (!account) {
      account = new OperatorAccount()
      this.#accounts.set(systemId, account)
    }
    return account
  }

  #remember(message: TakenMessage): void {
    this.#sent.set(message.id, message)
    // Taking out the oldest, one by one, would walk over the places of all that were taken out before.
    if (this.#sent.size < SENT_MAX / 2) return
    this.#sentBefore = this.#sent
    this.#sent = new Map()
  }
}
