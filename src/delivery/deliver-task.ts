import { type Attempt, partsToSubmit } from '../domain/attempts/attempt.ts'
import {
  type AttemptRules,
  type Conclusion,
  type NextStep,
  nextStep,
  type ResendRules,
  VALIDITY_OVER,
} from '../domain/attempts/attempt-plan.ts'
import type { DeliveryTask } from '../events/delivery.ts'
import { taskSubject } from '../events/status-subject.ts'
import { DONE, deadLetter, type Outcome, retryAt, shed } from '../kafka/consumer/outcome.ts'
import type { RecordState } from '../kafka/consumer/record-state.ts'
import { type ConsumedRecord, headerOf } from '../kafka/wire/consumed-record.ts'
import type { TopicPartition } from '../kafka/wire/consumer-protocol.ts'
import type { DatabaseClock } from '../postgres/clock-skew.ts'
import { type EndRules, endOfDelivery } from './attempts/end-of-delivery.ts'
import type { AttemptMaker, AttemptOrder, MadeAttempt } from './attempts/make-attempt.ts'
import type { AttemptBook, TakenUp } from './attempts/record-attempts.ts'
import { chooseConnection } from './connections/choose-connection.ts'
import type { Candidate, LiveConnections } from './connections/live-connections.ts'
import type { OperatorConnection } from './connections/operator-connection.ts'
import type { OutgoingMessage } from './connectors/connector.ts'
import { type DeferRules, shouldAwait, shouldDefer } from './deferred/defer-rule.ts'
import type { LeavingPartitions } from './leaving-partitions.ts'
import type { Slot } from './pace/operator-queue.ts'
import type { ReceiptMatcher } from './receipts/match-receipts.ts'
import type { ReceiptPublisher, TakenSubmit } from './receipts/publish-receipts.ts'
import { spreadOf } from './spread-of.ts'
import type { StatusReporter } from './status-reporter.ts'
import type { TaskHandler, TaskOutcome } from './task-outcome.ts'
import { TaskReports } from './task-reports.ts'

export interface DeliveryParts {
  readonly clock: DatabaseClock
  readonly connections: Pick<LiveConnections, 'get' | 'candidates'>
  readonly attempts: Pick<AttemptBook, 'history'>
  readonly maker: AttemptMaker
  readonly reporter: StatusReporter
  readonly receipts: Pick<ReceiptMatcher, 'expect'>
  readonly publisher: ReceiptPublisher
  readonly leaving: Pick<LeavingPartitions, 'has'>
  readonly rules: Pick<AttemptRules, 'retryMsFirst' | 'retryMsMax'> & EndRules & DeferRules
}

/** What is known of a task in flight, across the calls for its record. */
interface Progress {
  readonly task: DeliveryTask
  readonly place: TopicPartition
  readonly state: RecordState
  readonly reports: TaskReports
  /** Nothing is submitted from then on, by the process's own clock, as all other times here. */
  readonly endMs: number
  attemptsBefore: number
  attempts: Attempt[]
  /** Whether the attempts are what PostgreSQL has, as of this call. */
  isRecalled: boolean
  /** Whether they were that once: another worker may have stored what it did not publish. */
  wasRecalled: boolean
  /** The receipt of a message in one part, if it came before the answer. */
  overtaken: { readonly submit: TakenSubmit; readonly receipt: TakenUp } | null
  /** `queued` was already published. */
  isSaidToWait: boolean
  /** Since when no operator in force may have the message; null if one may. */
  withoutOperatorSinceMs: number | null
}

/** Processes follow a new revision of operators within seconds of each other: so long a message waits for its operator. */
const WITHOUT_OPERATOR_MS = 30_000
const NO_RESENDS: ResendRules = { max: 0, msFirst: 0 }
/** After which a message that lost its slot looks again: its operator is unavailable, or this worker is stopping. */
const NO_SLOT_MS = 50
/** A message that waits longer than that for its first slot is said to be `queued`; most do not. */
const QUEUED_AFTER_MS = 250
/** How often a pending message checks whether an operator accepts messages again. */
const NO_CONNECTION_MS = 1_000
/** Refusals for now by one operator, after which the next one is tried where the route says so. */
const REFUSALS_MAX = 2

/**
 * Brings one task to its end: an attempt is committed, submitted, its end written, its status published; what the
 * attempts so far come to decides what follows (`attempt-plan.ts`). The record is done when nothing of it can be lost.
 */
export class TaskDelivery {
  readonly #parts: DeliveryParts
  readonly #progress = new WeakMap<RecordState, Progress>()

  constructor(parts: DeliveryParts) {
    this.#parts = parts
  }

  readonly handle: TaskHandler = async (task, record, state) => {
    const progress = this.#progress.get(state) ?? this.#begin(task, record, state)
    const outcome = await this.#pursue(progress)
    await progress.reports.published()
    return outcome
  }

  #begin(task: DeliveryTask, record: ConsumedRecord, state: RecordState): Progress {
    const subject = taskSubject(task, headerOf(record, 'traceparent') ?? null)
    const progress: Progress = {
      task,
      place: { topic: record.topic, partition: record.partition },
      state,
      reports: new TaskReports(this.#parts.reporter, subject, task.operator),
      endMs: this.#toOwnMs(endOfDelivery(task, this.#parts.rules)),
      attemptsBefore: task.retry_count,
      attempts: [],
      isRecalled: false,
      wasRecalled: false,
      overtaken: null,
      isSaidToWait: false,
      withoutOperatorSinceMs: null,
    }
    this.#progress.set(state, progress)
    return progress
  }

  /** A time of PostgreSQL's clock, moved by what that is ahead of ours. */
  #toOwnMs(databaseMs: number): number {
    return databaseMs - (this.#parts.clock.nowMs() - Date.now())
  }

  async #pursue(progress: Progress): Promise<TaskOutcome> {
    const { task } = progress
    // A round that a redrive began goes on from the attempts before it, one of which the phone may have had.
    progress.isRecalled = false
    if (task.retry_count > 0 && progress.attempts.length === 0) await this.#recall(progress)
    while (true) {
      const step = nextStep(progress.attempts, this.#rulesOf(progress), Date.now(), spreadOf(task.sms_id))
      switch (step.kind) {
        case 'wait':
          return this.#wait(progress, step)
        case 'report':
          if (step.errorCode !== VALIDITY_OVER || progress.isRecalled) return this.#conclude(progress, step)
          // A worker before us may have sent it, or its customer cancelled it: the attempts show it.
          await this.#recall(progress)
          break
        case 'give-up-on':
          await this.#parts.maker.giveUp(task.sms_id, progress.attempts.at(-1)!)
          await this.#recall(progress)
          break
        case 'begin': {
          const ended = await this.#attempt(progress, step)
          if (ended) return ended
        }
      }
    }
  }

  #rulesOf({ task, attemptsBefore, endMs }: Progress): AttemptRules {
    return {
      ...this.#parts.rules,
      maxRetries: task.max_retries,
      attemptsBefore,
      validUntilMs: endMs,
      // Of a removed operator the outcome is unknown; what it may have is not sent again.
      holdsAt: (operator) => this.#parts.connections.get(operator)?.onAmbiguous !== 'resend',
      resendsAt: (operator) => this.#parts.connections.get(operator)?.resends ?? NO_RESENDS,
    }
  }

  /** Only a wait that follows a refusal counts against the record: the others are no fault of the message. */
  #wait(progress: Progress, { for: reason, untilMs }: NextStep & { kind: 'wait' }): TaskOutcome {
    if (reason === 'lease') return retryAt(untilMs)
    progress.reports.queued(progress.attempts.at(-1)!, progress.attemptsBefore)
    if (shouldDefer(untilMs, Date.now(), this.#parts.rules)) return { kind: 'defer', untilMs }
    return reason === 'retry' ? retryAt(untilMs) : shed(untilMs)
  }

  /** One attempt, when its slot has come. Returns an outcome if nothing is left to decide. */
  async #attempt(progress: Progress, step: NextStep & { kind: 'begin' }): Promise<TaskOutcome | null> {
    const candidates = this.#candidates(progress.task, step.operator)
    if (candidates.length === 0) return this.#withoutOperator(progress, step.operator ?? progress.task.operator)
    progress.withoutOperatorSinceMs = null
    const candidate = choose(candidates, progress, step.operator)
    if (!candidate) return this.#awaitConnection(progress, candidates)
    const { connection } = candidate
    const message = outgoing(progress.task, step.attempt, candidate.sender)
    const partCount = connection.connector.partsOf(message)
    const submits = partsToSubmit(progress.attempts, connection.name, partCount, connection.onAmbiguous === 'hold')
    if (submits.parts.length === 0) {
      return deadLetter('handler', `"${connection.name}" divides the message otherwise than when it took a part`)
    }
    const slot = await this.#slot(progress, connection, submits.parts.length)
    if (!slot) return shed(Date.now() + NO_SLOT_MS)
    try {
      const { endMs: validUntilMs } = progress
      if (validUntilMs <= Date.now()) return null
      // At the operator's pace it would not be whole in time.
      if (validUntilMs <= slot.untilMs) return shed(validUntilMs)
      if (!connection.health.admit(Date.now())) return this.#awaitConnection(progress, candidates)
      const order = {
        ...submits,
        message,
        validUntilMs,
        connection,
        partCount,
        attempt: step.attempt,
        due: slot.due,
        untilMs: slot.untilMs,
        answered: slot.release,
      }
      await this.#make(progress, order, candidate.why)
      return null
    } finally {
      slot.release()
    }
  }

  async #make(progress: Progress, order: Omit<AttemptOrder, 'begun'>, route: string): Promise<void> {
    const { reports } = progress
    let isBegun = false
    const begun = (): void => {
      isBegun = true
      reports.sending(order, route)
    }
    const made = await this.#parts.maker.make({ ...order, begun }).catch((error) => {
      order.connection.health.withdrawn()
      throw error
    })
    if (!made && !isBegun) order.connection.health.withdrawn()
    if (!made) return this.#recall(progress)
    progress.attempts.push(made.attempt)
    for (const submit of takenSubmits(progress, made)) {
      const receipt = made.takenUp.get(1)
      if (receipt && submit.part === null) progress.overtaken = { submit, receipt }
      else this.#parts.receipts.expect(submit)
    }
  }

  /** No operator takes the message now. It looks again soon, or when one that is unavailable for longer recovers. */
  #awaitConnection(progress: Progress, candidates: readonly Candidate[]): TaskOutcome {
    const { task, endMs } = progress
    sayWaiting(progress)
    const nowMs = Date.now()
    const { name, unavailableForMs } = candidates
      .map(({ connection }) => ({ name: connection.name, unavailableForMs: connection.health.unavailableForMs(nowMs) }))
      .reduce((latest, each) => (each.unavailableForMs < latest.unavailableForMs ? each : latest))
    if (shouldAwait(unavailableForMs, this.#parts.rules)) {
      return { kind: 'await-operator', operator: name, isOnly: candidates.length === 1 }
    }
    return shed(Math.min(nowMs + NO_CONNECTION_MS * (1 + spreadOf(task.sms_id)), endMs))
  }

  /** The operator may be one of a revision that this worker has yet to read; else only a person can help. */
  #withoutOperator(progress: Progress, operator: string): Outcome {
    const nowMs = Date.now()
    progress.withoutOperatorSinceMs ??= nowMs
    if (nowMs - progress.withoutOperatorSinceMs < WITHOUT_OPERATOR_MS) return shed(nowMs + NO_CONNECTION_MS)
    return deadLetter(
      'handler',
      `operator "${operator}" is not in force or does not take the message's sender, and no other may have the message`,
    )
  }

  /**
   * The operators for the next attempt. An operator that has a part of the message keeps it also when the routes have
   * changed.
   */
  #candidates(task: DeliveryTask, home: string | null): Candidate[] {
    const candidates = this.#parts.connections.candidates(task)
    if (home === null) return candidates
    const connection = this.#parts.connections.get(home)
    const known = candidates.find((candidate) => candidate.connection === connection)
    if (known) return [known]
    return connection ? [{ connection, sender: task.sender, why: `${home}: it has a part of the message` }] : []
  }

  /** `cost`: parts to be submitted. */
  async #slot(progress: Progress, connection: OperatorConnection, cost: number): Promise<Slot | null> {
    const { task, place, state, endMs: validUntilMs } = progress
    if (state.isAbandoned || this.#parts.leaving.has(place)) return null
    state.isQueued = true
    const waits = setTimeout(() => sayWaiting(progress), QUEUED_AFTER_MS)
    const { customer_id: customerId, priority } = task
    const slot = await connection.queue.slot({ ...place, customerId, priority, cost, validUntilMs })
    state.isQueued = false
    clearTimeout(waits)
    if (!slot) return null
    let isReleased = false
    const release = (): void => {
      if (!isReleased) slot.release()
      isReleased = true
    }
    if (!state.isAbandoned) return { due: () => slot.due(), untilMs: slot.untilMs, release }
    release()
    return null
  }

  /** What others, or we before a restart, did with this message. A task of an earlier round joins the round that is on. */
  async #recall(progress: Progress): Promise<void> {
    const { attempts, attemptsBefore } = await this.#parts.attempts.history(progress.task.sms_id)
    progress.attempts = attempts
    progress.isRecalled = true
    progress.wasRecalled = true
    progress.attemptsBefore = Math.max(progress.attemptsBefore, attemptsBefore)
  }

  #conclude(progress: Progress, end: Conclusion): Outcome {
    const { reports, attempts, overtaken } = progress
    reports.concluded(end, attempts)
    if (overtaken) reports.add(this.#parts.publisher.publishReceipt(overtaken.submit, overtaken.receipt))
    // Receipts of parts may all have come before the last part was taken, and what another worker published may be
    // lost.
    const isStored = progress.wasRecalled || attempts.some(({ partCount }) => partCount > 1)
    if (end.status === 'sent' && isStored)
      reports.add(this.#parts.publisher.publishStored(reports.subject, end.operator!))
    if (end.status !== 'failed') return DONE
    return deadLetter('attempts-exhausted', `the operator refused ${end.attempt} times, last with "${end.errorCode}"`)
  }
}

/** The operator of the next attempt; null while none takes the message. */
function choose(candidates: readonly Candidate[], progress: Progress, home: string | null): Candidate | null {
  const { attempts, attemptsBefore } = progress
  const isRefusal = ({ attempt, parts }: Attempt): boolean =>
    attempt > attemptsBefore && parts.some(({ outcome }) => outcome === 'temporary')
  const choices = candidates.map(({ connection: { name, health } }) => {
    const refusals = attempts.filter((each) => each.operator === name && isRefusal(each)).length
    return { operator: name, condition: health.condition(Date.now()), refusals }
  })
  const chosen = chooseConnection(choices, home, REFUSALS_MAX)
  return candidates.find(({ connection }) => connection.name === chosen) ?? null
}

function outgoing(task: DeliveryTask, attempt: number, sender: string | null): OutgoingMessage {
  return {
    smsId: task.sms_id,
    ref: `${task.sms_id}.${attempt}`,
    phone: task.phone,
    sender,
    text: task.message,
    encoding: task.encoding,
    flash: task.flash ?? false,
    validUntilMs: task.valid_until === null ? null : Date.parse(task.valid_until),
    priority: task.priority,
  }
}

function takenSubmits({ task, reports }: Progress, { attempt }: MadeAttempt): TakenSubmit[] {
  const { operator, possibleDuplicate, partCount } = attempt
  return attempt.parts
    .filter(({ outcome }) => outcome === 'sent')
    .map(({ part, operatorMessageId }) => ({
      ...reports.subject,
      operator,
      operatorMessageId: operatorMessageId!,
      phone: task.phone,
      attempt: attempt.attempt,
      part: partCount > 1 ? part : null,
      possibleDuplicate,
      takenAtMs: attempt.endedAtMs!,
    }))
}

/** Once, before the first attempt; after one that is to be followed by another, that is said of the attempt. */
function sayWaiting(progress: Progress): void {
  if (progress.isSaidToWait || progress.attempts.length > 0) return
  progress.isSaidToWait = true
  progress.reports.queued(null, progress.task.retry_count)
}
