import type { Attempt } from '../../domain/attempts/attempt.ts'
import { sumUpParts, type TakenPart } from '../../domain/long-message.ts'
import type { StatusSubject } from '../../events/status-subject.ts'
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

export interface ReceiptPublisherParts {
  readonly attempts: Pick<AttemptBook, 'history'>
  readonly reporter: Pick<StatusReporter, 'report'>
  readonly receiptTimeoutMs: (operator: string) => number
}

/**
 * Kafka is given that long before a receipt is acknowledged without it: stored, it will be published by `src/status/`,
 * but not before a minute. Operators wait longer than this for their answer.
 */
const PUBLISHED_WITHIN_MS = 30_000
const UNPUBLISHED_MAX = 50_000

/** Publishes the statuses of messages by their stored receipts. */
export class ReceiptPublisher {
  readonly #parts: ReceiptPublisherParts
  readonly #unpublished = new Set<Promise<void>>()

  constructor(parts: ReceiptPublisherParts) {
    this.#parts = parts
  }

  /**
   * Resolves when Kafka has the events, or is unavailable for longer than the wait. Rejects if that cannot be
   * known, or at the end of the worker.
   */
  async publishReceipt(submit: TakenSubmit, receipt: TakenUp): Promise<void> {
    const publishing =
      submit.part === null ? this.#publishShort(submit, receipt) : this.publishStored(submit, submit.operator)
    this.#unpublished.add(publishing)
    const published = publishing.finally(() => this.#unpublished.delete(publishing))
    published.catch(() => {})
    await (this.#unpublished.size > UNPUBLISHED_MAX ? published : withinTime(published))
  }

  /** Publishes the status of a message by its stored receipts, if they decide it. Throws when the database does. */
  async publishStored(subject: StatusSubject, operator: string): Promise<void> {
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

  /** Resolves when everything is published. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#unpublished)
  }

  async #publishShort(submit: TakenSubmit, { status, code, at }: TakenUp): Promise<void> {
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

function withinTime(published: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, PUBLISHED_WITHIN_MS)
    published.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
