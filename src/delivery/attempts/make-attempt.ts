import {
  type Attempt,
  type AttemptPart,
  outcomeOf,
  type PartOutcome,
  type PartsToSubmit,
} from '../../domain/attempts/attempt.ts'
import type { OperatorConnection } from '../connections/operator-connection.ts'
import type { OutgoingMessage, SubmitResult } from '../connectors/connector.ts'
import type { AttemptEnd } from './attempt-statements.ts'
import type { AttemptBook, TakenUp, WrittenEnd } from './record-attempts.ts'

/** What an attempt is to be. */
export interface AttemptOrder extends PartsToSubmit {
  readonly message: OutgoingMessage
  /** When its validity ends, by the process's own clock; the message has it by PostgreSQL's. */
  readonly validUntilMs: number | null
  readonly connection: OperatorConnection
  readonly attempt: number
  readonly partCount: number
  /** Called when the attempt is committed, before anything is submitted. */
  readonly begun: () => void
  /** Resolves when the next part may be written; false: none may, its time went by. */
  readonly due: () => Promise<boolean>
  /** When the last part is due; 0: all at once. */
  readonly untilMs: number
  /** Called when all answers are there. */
  readonly answered: () => void
}

/** How it ended, and the receipts that had come before the answers to their parts. */
export interface MadeAttempt {
  readonly attempt: Attempt
  readonly takenUp: ReadonlyMap<number, TakenUp>
}

export interface AttemptMakerParts {
  readonly attempts: Pick<AttemptBook, 'begin' | 'end' | 'endPart'>
  readonly submitted: (operator: string, result: SubmitResult, seconds: number, smsId: number) => void
}

/** How long after the answer could have come another worker still leaves the attempt alone. */
const LEASE_MARGIN_MS = 5_000
const TOO_LATE: SubmitResult = { kind: 'unsent', code: 'too-late' }

/** Makes attempts: committed before anything is written to the operator, ended part by part as the answers come. */
export class AttemptMaker {
  readonly #parts: AttemptMakerParts

  constructor(parts: AttemptMakerParts) {
    this.#parts = parts
  }

  /**
   * Submits all parts in their order, each when it is due and none that is not valid any more, over a connection whose
   * health has admitted it. Null: another worker has begun the attempt, or ended it meanwhile; the caller is to read what
   * is stored. Throws when the database does, before anything is submitted.
   */
  async make(order: AttemptOrder): Promise<MadeAttempt | null> {
    const { validUntilMs, connection, attempt, partCount, parts, possibleDuplicate } = order
    const beganMs = performance.now()
    const paceMs = Math.max(0, order.untilMs - Date.now())
    const leaseMs = Math.ceil(connection.responseTimeoutMs + LEASE_MARGIN_MS + paceMs)
    const start = { ...submitOf(order), possibleDuplicate, leaseMs, partCount, parts }
    if (!(await this.#parts.attempts.begin(start))) return null
    order.begun()
    const written: Promise<readonly [number, WrittenEnd]>[] = []
    const ending: Promise<EndedPart>[] = []
    let isTried = false
    for (const part of parts) {
      const isDue = await order.due()
      // A process that was stopped since it took the lease must not submit: the attempt may be another's by now.
      const isLate = performance.now() - beganMs > paceMs + LEASE_MARGIN_MS / 2
      const isOver = validUntilMs !== null && validUntilMs <= Date.now()
      const mayBeWritten = isDue && !isLate && !isOver
      isTried ||= mayBeWritten
      ending.push(this.#part(order, part, mayBeWritten, written))
    }
    if (!isTried) connection.health.withdrawn()
    const ended = await Promise.all(ending)
    order.answered()
    written.push(this.#end(order, ended))
    const ends = await Promise.all(written)
    if (ends.some(([, end]) => end === 'contested')) return null
    const nowMs = Date.now()
    const times = { leaseUntilMs: nowMs, endedAtMs: nowMs }
    return {
      attempt: {
        attempt,
        operator: connection.name,
        possibleDuplicate,
        partCount,
        parts: ended,
        outcome: outcomeOf(ended),
        ...times,
      },
      takenUp: new Map(ends.filter((each): each is [number, TakenUp] => each[1] !== null)),
    }
  }

  /** The worker that began the attempt is gone: the outcome of its open parts is unknown. */
  async giveUp(smsId: number, { attempt, operator, partCount, parts }: Attempt): Promise<void> {
    const lost = { smsId, attempt, operator, operatorMessageId: null, errorCode: 'worker-lost', errorText: null }
    const open = parts.filter(({ outcome }) => outcome === null)
    const outcome = outcomeOf(parts.map((part) => ({ outcome: part.outcome ?? 'ambiguous' })))
    await Promise.all([
      ...(partCount > 1 ? open : []).map(({ part }) => {
        return this.#parts.attempts.endPart({ ...lost, part, outcome: 'ambiguous' })
      }),
      this.#parts.attempts.end({ ...lost, outcome }),
    ])
  }

  /** Submits a part, if it may be, and has its end written along. */
  async #part(
    order: AttemptOrder,
    part: number,
    mayBeWritten: boolean,
    written: Promise<readonly [number, WrittenEnd]>[],
  ): Promise<EndedPart> {
    const end = endedPart(part, mayBeWritten ? await this.#submit(order.connection, order.message, part) : TOO_LATE)
    if (order.partCount > 1) {
      const writing = this.#endPart(order, end)
      // Awaited with the others, when all answers are there; until then a rejection must not count as unheard.
      writing.catch(() => {})
      written.push(writing)
    }
    return end
  }

  async #submit(connection: OperatorConnection, message: OutgoingMessage, part: number): Promise<SubmitResult> {
    const submittedMs = performance.now()
    const result = await connection.connector.submit(message, part)
    connection.answered(result.kind)
    this.#parts.submitted(connection.name, result, (performance.now() - submittedMs) / 1_000, message.smsId)
    return result
  }

  async #endPart(order: AttemptOrder, part: EndedPart): Promise<readonly [number, WrittenEnd]> {
    const end = { ...submitOf(order), ...part }
    return [part.part, await this.#parts.attempts.endPart(end)]
  }

  /** An attempt of several parts has neither an id of the operator's nor a receipt of its own. */
  async #end(order: AttemptOrder, parts: readonly EndedPart[]): Promise<readonly [number, WrittenEnd]> {
    const [only] = parts
    const end: AttemptEnd =
      order.partCount === 1
        ? { ...submitOf(order), ...only! }
        : { ...submitOf(order), outcome: outcomeOf(parts), operatorMessageId: null, errorCode: null, errorText: null }
    return [1, await this.#parts.attempts.end(end)]
  }
}

type EndedPart = AttemptPart & { readonly outcome: Exclude<PartOutcome, null> }

function endedPart(part: number, result: SubmitResult): EndedPart {
  return {
    part,
    outcome: result.kind,
    operatorMessageId: result.kind === 'sent' ? result.operatorMessageId : null,
    errorCode: result.kind === 'sent' ? null : result.code,
    errorText: ('text' in result && result.text) || null,
    receipt: null,
  }
}

function submitOf({ message, attempt, connection }: AttemptOrder): Pick<AttemptEnd, 'smsId' | 'attempt' | 'operator'> {
  return { smsId: message.smsId, attempt, operator: connection.name }
}
