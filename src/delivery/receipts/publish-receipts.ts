import type { Attempt } from '../../domain/attempts/attempt.ts'
import { sumUpParts, type TakenPart } from '../../domain/long-message.ts'
import type { StatusSubject } from '../../events/status-record.ts'
import type { AttemptBook, TakenUp } from '../attempts/record-attempts.ts'
import type { StatusReporter } from '../status-reporter.ts'

/** A submit that an operator took, whose receipt may come. */
export interface TakenSubmit extends StatusSubject {
  readonly operator: string
  readonly operatorMessageId: string
  /** E.164. */
  readonly phone: string
  readonly attempt: number
  /** Null for a message in one part. */
  readonly part: number | null
  readonly possibleDuplicate: boolean
  readonly takenAtMs: number
}

export interface ReceiptTellerParts {
  readonly attempts: Pick<AttemptBook, 'history'>
  readonly reporter: Pick<StatusReporter, 'report'>
  readonly receiptTimeoutMs: (operator: string) => number
}

/**
 * Kafka is given that long before a receipt is acknowledged without it: stored, it will be told by `src/status/`, but not
 * before a minute. Operators wait longer than this for their answer.
 */
const TOLD_WITHIN_MS = 30_000
const UNTOLD_MAX = 50_000

/** Tells what stored receipts make of their messages. */
export class ReceiptTeller {
  readonly #parts: ReceiptTellerParts
  readonly #untold = new Set<Promise<void>>()

  constructor(parts: ReceiptTellerParts) {
    this.#parts = parts
  }

  /**
   * Resolves when Kafka has what there is to tell, or is away for longer than one may wait. Rejects if that cannot be
   * known, or at the end of the worker.
   */
  async tell(submit: TakenSubmit, receipt: TakenUp): Promise<void> {
    const telling = submit.part === null ? this.#tellShort(submit, receipt) : this.tellStored(submit, submit.operator)
    this.#untold.add(telling)
    const told = telling.finally(() => this.#untold.delete(telling))
    told.catch(() => {})
    await (this.#untold.size > UNTOLD_MAX ? told : withinTime(told))
  }

  /** Tells what stored receipts make of a message, if that is anything yet. Throws when the database does. */
  async tellStored(subject: StatusSubject, operator: string): Promise<void> {
    const { attempts } = await this.#parts.attempts.history(subject.smsId)
    const partCount = attempts.findLast((attempt) => attempt.operator === operator)?.partCount ?? 1
    const whole = sumUpParts(this.#takenOf(attempts, operator), partCount)
    if (whole.status === null) return
    await this.#parts.reporter.report(subject, whole.status, {
      ...whole,
      ...(partCount === 1 ? { parts: [] } : {}),
      operator,
      possibleDuplicate: attempts.some((each) => each.attempt <= whole.attempt && each.possibleDuplicate),
    })
  }

  /** Resolves when everything is told. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#untold)
  }

  async #tellShort(submit: TakenSubmit, { status, code, at }: TakenUp): Promise<void> {
    const { operator, attempt, possibleDuplicate, operatorMessageId, takenAtMs } = submit
    await this.#parts.reporter.report(submit, status, {
      operator,
      attempt,
      possibleDuplicate,
      operatorMessageId,
      errorCode: code,
      deliveredAt: status === 'delivered' ? at : null,
      isLate: this.#isLate(operator, Date.now() - takenAtMs),
    })
  }

  #takenOf(attempts: readonly Attempt[], operator: string): TakenPart[] {
    return attempts
      .filter((attempt) => attempt.operator === operator)
      .flatMap(({ attempt, parts }) =>
        parts
          .filter(({ outcome }) => outcome === 'sent')
          .map(({ part, operatorMessageId, receipt }) => ({
            attempt,
            part,
            operatorMessageId: operatorMessageId!,
            receipt: receipt && { ...receipt, isLate: this.#isLate(operator, receipt.afterMs) },
          })),
      )
  }

  #isLate(operator: string, afterMs: number): boolean {
    return afterMs > this.#parts.receiptTimeoutMs(operator)
  }
}

function withinTime(told: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, TOLD_WITHIN_MS)
    told.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
