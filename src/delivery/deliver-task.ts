import type { DeliveryTask } from '../events/delivery.ts'
import { EventFormError } from '../events/event-codec.ts'
import { DONE, deadLetter, type Outcome, pauseUntil, retryAt } from '../kafka/consumer/outcome.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import type { AmbiguityPolicy } from '../operators/operators-file.ts'
import { isDatabaseAway } from '../postgres/database-errors.ts'
import { type Attempt, type AttemptRules, type NextStep, nextStep } from './attempt-plan.ts'
import type { Connector, OutgoingMessage, SubmitResult } from './connectors/connector.ts'
import type { ReceiptMatcher } from './match-receipts.ts'
import type { OperatorQueue } from './operator-queue.ts'
import type { TaskReader } from './read-tasks.ts'
import type { AttemptBook } from './record-attempts.ts'
import type { StatusReporter, StatusSubject } from './status-reporter.ts'

/** A line to an operator, with what the gateway keeps beside it. */
export interface OperatorLine {
  readonly name: string
  readonly connector: Connector
  readonly queue: OperatorQueue
  readonly responseTimeoutMs: number
  readonly onAmbiguous: AmbiguityPolicy
}

export interface DeliveryParts {
  readonly tasks: TaskReader
  readonly lines: ReadonlyMap<string, OperatorLine>
  readonly attempts: AttemptBook
  readonly reporter: StatusReporter
  readonly receipts: ReceiptMatcher
  readonly rules: Pick<AttemptRules, 'retryMsFirst' | 'retryMsMax'>
  readonly submitted: (operator: string, result: SubmitResult['kind'], seconds: number) => void
}

/** What is known of a task in hand, across the visits of its record to the handler. */
interface Progress {
  readonly task: DeliveryTask
  readonly subject: StatusSubject
  readonly line: OperatorLine
  rules: AttemptRules
  attempts: Attempt[]
  faults: number
  /** Statuses on their way to Kafka; the record is done when they are there. */
  readonly reports: Promise<void>[]
}

const DATABASE_PAUSE_MS = 1_000
const FAULTS_MAX = 5
const FAULT_RETRY_MS = 1_000
/** How long after the answer could have come another worker still leaves the attempt alone. */
const LEASE_MARGIN_MS = 5_000

/**
 * Brings one task to its end: an attempt is committed, submitted, its end written, its status published; what the
 * attempts so far come to decides what follows (`attempt-plan.ts`). The record is done when nothing of it can be lost.
 */
export class TaskDelivery {
  readonly #parts: DeliveryParts
  readonly #progress = new WeakMap<ConsumedRecord, Progress>()

  constructor(parts: DeliveryParts) {
    this.#parts = parts
  }

  async handle(record: ConsumedRecord): Promise<Outcome> {
    const task = this.#parts.tasks.read(record)
    if (task instanceof EventFormError) return deadLetter(task.reason, task.message)
    const line = this.#parts.lines.get(task.operator)
    if (!line) return deadLetter('handler', `there is no operator "${task.operator}"`)
    const progress = this.#progress.get(record) ?? this.#begin(record, task, line)
    try {
      const outcome = await this.#pursue(record, progress)
      await Promise.all(progress.reports.splice(0))
      return outcome
    } catch (error) {
      if (isDatabaseAway(error)) return pauseUntil(Date.now() + DATABASE_PAUSE_MS)
      if (++progress.faults < FAULTS_MAX) return retryAt(Date.now() + FAULT_RETRY_MS)
      return deadLetter('handler', (error as Error).message)
    }
  }

  #begin(record: ConsumedRecord, task: DeliveryTask, line: OperatorLine): Progress {
    const progress: Progress = {
      task,
      subject: {
        smsId: task.sms_id,
        customerId: task.customer_id,
        operator: task.operator,
        segments: task.segments,
        acceptedAtMs: Date.parse(task.accepted_at),
        traceparent: record.header('traceparent') ?? null,
      },
      line,
      rules: {
        ...this.#parts.rules,
        maxRetries: task.max_retries,
        attemptsBefore: task.retry_count,
        onAmbiguous: line.onAmbiguous,
      },
      attempts: [],
      faults: 0,
      reports: [],
    }
    this.#progress.set(record, progress)
    this.#report(progress, 'queued', { attempt: task.retry_count, possibleDuplicate: false })
    return progress
  }

  async #pursue(record: ConsumedRecord, progress: Progress): Promise<Outcome> {
    const { task } = progress
    // A round that a redrive began goes on from the attempts before it, one of which the phone may have had.
    if (task.retry_count > 0 && progress.attempts.length === 0) await this.#recall(progress)
    while (true) {
      const step = nextStep(progress.attempts, progress.rules, Date.now(), spreadOf(task.sms_id))
      switch (step.kind) {
        case 'wait':
          this.#backInQueue(progress)
          return retryAt(step.untilMs)
        case 'report':
          return this.#conclude(progress, step)
        case 'give-up-on':
          await this.#end(progress, step.attempt, { kind: 'ambiguous', code: 'worker-lost' })
          await this.#recall(progress)
          break
        case 'begin': {
          const ended = await this.#attempt(record, progress, step)
          if (ended) return ended
        }
      }
    }
  }

  /** One attempt, when its turn has come. Returns an outcome if nothing is left to decide. */
  async #attempt(
    record: ConsumedRecord,
    progress: Progress,
    step: NextStep & { kind: 'begin' },
  ): Promise<Outcome | null> {
    const { task, line, subject } = progress
    const { topic, partition } = record
    record.isQueued = true
    const { customer_id: customerId, priority } = task
    const turn = await line.queue.turn({ customerId, priority, topic, partition, cost: 1 })
    record.isQueued = false
    if (!turn) return retryAt(Date.now())
    if (record.isAbandoned) {
      turn.release()
      return retryAt(Date.now())
    }
    let result: SubmitResult
    try {
      if (task.valid_until !== null && Date.parse(task.valid_until) <= Date.now()) {
        return this.#expire(progress, step)
      }
      const leaseMs = line.responseTimeoutMs + LEASE_MARGIN_MS
      const beganMs = performance.now()
      const start = { smsId: task.sms_id, operator: line.name, leaseMs, ...step }
      if (!(await this.#parts.attempts.begin(start))) {
        await this.#recall(progress)
        return null
      }
      this.#report(progress, 'sending', step)
      result = await this.#submit(progress, step.attempt, performance.now() - beganMs)
    } finally {
      turn.release()
    }
    await this.#end(progress, step.attempt, result)
    progress.attempts.push(endedAttempt(step, result, Date.now()))
    if (result.kind !== 'sent') return null
    this.#report(progress, 'sent', { ...step, operatorMessageId: result.operatorMessageId })
    this.#parts.receipts.expect(line.name, result.operatorMessageId, { ...subject, ...step })
    return DONE
  }

  /** A process that was stopped since it took the lease must not submit: the attempt may be another's by now. */
  async #submit(progress: Progress, attempt: number, sinceLeaseMs: number): Promise<SubmitResult> {
    const { task, line } = progress
    if (sinceLeaseMs > LEASE_MARGIN_MS / 2) return { kind: 'unsent', code: 'lease-late' }
    const submittedMs = performance.now()
    const message: OutgoingMessage = {
      smsId: task.sms_id,
      ref: `${task.sms_id}.${attempt}`,
      phone: task.phone,
      sender: task.sender,
      text: task.message,
      encoding: task.encoding,
      flash: false,
      validUntilMs: task.valid_until === null ? null : Date.parse(task.valid_until),
      priority: task.priority,
    }
    const result = await line.connector.submit(message, 1)
    this.#parts.submitted(line.name, result.kind, (performance.now() - submittedMs) / 1_000)
    return result
  }

  #end(progress: Progress, attempt: number, result: SubmitResult): Promise<void> {
    return this.#parts.attempts.end({
      smsId: progress.task.sms_id,
      attempt,
      operator: progress.line.name,
      outcome: result.kind,
      operatorMessageId: result.kind === 'sent' ? result.operatorMessageId : null,
      errorCode: result.kind === 'sent' ? null : result.code,
    })
  }

  /** What others, or we before a restart, did with this message. A task of an earlier round joins the round that is on. */
  async #recall(progress: Progress): Promise<void> {
    const { attempts, attemptsBefore } = await this.#parts.attempts.history(progress.task.sms_id)
    progress.attempts = attempts
    progress.rules = { ...progress.rules, attemptsBefore: Math.max(progress.rules.attemptsBefore, attemptsBefore) }
  }

  /** After an attempt of our own that is to be followed by another. */
  #backInQueue(progress: Progress): void {
    const last = progress.attempts.at(-1)!
    if (last.outcome !== null) this.#report(progress, 'queued', { ...last, operatorMessageId: null })
  }

  #conclude(progress: Progress, { status, last }: NextStep & { kind: 'report' }): Outcome {
    const { attempt, possibleDuplicate, operatorMessageId, errorCode } = last
    // What another worker learned before us may have been told already; told twice it is the same event.
    this.#report(progress, status, { attempt, possibleDuplicate, operatorMessageId, errorCode })
    if (status !== 'failed') return DONE
    return deadLetter('attempts-exhausted', `the operator refused ${attempt} times, last with "${errorCode}"`)
  }

  /** Too late to send. If an answer was lost before, the phone may have the message, and nobody can say it has not. */
  #expire(progress: Progress, step: NextStep & { kind: 'begin' }): Outcome {
    const status = step.possibleDuplicate ? 'unknown' : 'expired'
    this.#report(progress, status, {
      attempt: step.attempt - 1,
      possibleDuplicate: step.possibleDuplicate,
      errorCode: 'validity-over',
    })
    return DONE
  }

  #report(progress: Progress, status: Parameters<StatusReporter['report']>[1], details: ReportDetails): void {
    const report = this.#parts.reporter.report(progress.subject, status, details)
    // Awaited before the record is done; until then a rejection must not count as unheard.
    report.catch(() => {})
    progress.reports.push(report)
  }
}

type ReportDetails = Parameters<StatusReporter['report']>[2]

function endedAttempt(step: NextStep & { kind: 'begin' }, result: SubmitResult, nowMs: number): Attempt {
  return {
    attempt: step.attempt,
    possibleDuplicate: step.possibleDuplicate,
    leaseUntilMs: nowMs,
    outcome: result.kind,
    operatorMessageId: result.kind === 'sent' ? result.operatorMessageId : null,
    errorCode: result.kind === 'sent' ? null : result.code,
    endedAtMs: nowMs,
  }
}

/** From 0 to below 1, the same for a message each time: by the golden ratio, so that neighbours lie far apart. */
function spreadOf(smsId: number): number {
  return (smsId * 0.618_033_988_749_895) % 1
}
