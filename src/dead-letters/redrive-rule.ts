import type { Settlement } from '../domain/ledger.ts'
import { isBeforeOperator, REOPENING, type Status } from '../domain/status.ts'
import type { DeliveryTask } from '../events/delivery.ts'
import type { DeadLetterState } from './dead-letter-filter.ts'

/** A dead letter that someone wants to redrive. */
export interface RedriveCandidate {
  readonly id: string
  readonly state: DeadLetterState
  readonly closedBy: string | null
  readonly reason: string
  readonly topic: string
  readonly redrives: number
  /** Why the value is invalid for its topic; null if it is valid. */
  readonly fault: string | null
  /** What the value is, if it is a task. */
  readonly task: DeliveryTask | null
}

/** The message of a task in its present state. Amounts in the currency's minor unit. */
export interface TaskMessage {
  readonly customerId: string
  readonly cost: number
  readonly segments: number
  readonly status: Status
  readonly settlement: Settlement
  /** Attempts begun so far. */
  readonly attempts: number
  /** The operator took it in one of them. */
  readonly isTaken: boolean
  /** What its customer has. */
  readonly balance: number
}

/**
 * - `publish`: to its topic again, as it is.
 * - `reopen`: the message failed and its money went back: reserve it again, and give the message another round.
 * - `refuse`: not now, or not at all; `why` names the next command to try.
 */
export type RedriveDecision =
  | { readonly kind: 'publish' }
  | { readonly kind: 'reopen'; readonly attemptsBefore: number }
  | { readonly kind: 'refuse'; readonly why: string }

/**
 * Decides over one dead letter. No message is sent that is not paid for, and none that ended otherwise than by used-up
 * retries: the refusal names its final state.
 */
export function decideRedrive(
  letter: RedriveCandidate,
  message: TaskMessage | null,
  redrivesMax: number,
  nowMs: number,
): RedriveDecision {
  const { id, task, redrives } = letter
  const refuse = (why: string): RedriveDecision => ({ kind: 'refuse', why: `${id} ${why}` })
  const discard = `\`smsgw dlq discard ${id}\``
  if (letter.state !== 'open') {
    return refuse(`was ${letter.state} by ${letter.closedBy}; \`smsgw dlq show ${id}\` has the history.`)
  }
  if (redrives >= redrivesMax) {
    return refuse(`was redriven ${redrives} times, and DLQ_REDRIVES_MAX is ${redrivesMax}. Raise that, or ${discard}.`)
  }
  if (letter.fault !== null) {
    return refuse(`does not fit ${letter.topic}: ${letter.fault}. First \`smsgw dlq edit ${id}\`, or ${discard}.`)
  }
  if (!task) return { kind: 'publish' }
  if (!message || message.customerId !== task.customer_id) {
    return refuse(`is a task for message ${task.sms_id} of ${task.customer_id}, which there is not: ${discard}.`)
  }
  if (task.segments > message.segments) {
    return refuse(`is a task of ${task.segments} segments, and ${message.segments} are paid for: ${discard}.`)
  }
  // Its task is still to be done: what the worker finds decides how.
  if (isBeforeOperator(message.status)) {
    if (letter.reason !== 'attempts-exhausted') return { kind: 'publish' }
    return refuse(`is of a message that is ${message.status} again, or not yet failed. If it stays so: ${discard}.`)
  }
  return decideReopening(letter, task, message, nowMs, refuse)
}

function decideReopening(
  { id }: RedriveCandidate,
  task: DeliveryTask,
  message: TaskMessage,
  nowMs: number,
  refuse: (why: string) => RedriveDecision,
): RedriveDecision {
  const { status, settlement, isTaken, cost, balance, attempts } = message
  if (status !== REOPENING.from || settlement !== 'released' || isTaken) {
    return refuse(`is of a message that is ${status}, which is final: \`smsgw dlq discard ${id}\`.`)
  }
  if (task.valid_until !== null && Date.parse(task.valid_until) <= nowMs) {
    return refuse(`was to be sent until ${task.valid_until}. First \`smsgw dlq edit ${id} --set valid_until=null\`.`)
  }
  if (cost > balance) {
    return refuse(
      `costs ${cost}, and ${task.customer_id} has ${balance}: \`smsgw customers top-up ${task.customer_id} AMOUNT\`.`,
    )
  }
  return { kind: 'reopen', attemptsBefore: attempts }
}
