import { expect, vi } from 'vitest'
import type { AttemptEnd, AttemptStart, PartEnd } from '../../src/delivery/attempts/attempt-statements.ts'
import { judgeFaults } from '../../src/delivery/attempts/judge-fault.ts'
import { AttemptMaker } from '../../src/delivery/attempts/make-attempt.ts'
import type { WrittenEnd } from '../../src/delivery/attempts/record-attempts.ts'
import type { ConnectionCondition } from '../../src/delivery/connections/choose-connection.ts'
import type { Candidate } from '../../src/delivery/connections/live-connections.ts'
import { OperatorConnection } from '../../src/delivery/connections/operator-connection.ts'
import type { Connector, ConnectorEvents, SubmitResult } from '../../src/delivery/connectors/connector.ts'
import type { DeferRules } from '../../src/delivery/deferred/defer-rule.ts'
import { TaskDelivery } from '../../src/delivery/deliver-task.ts'
import { LeavingPartitions } from '../../src/delivery/leaving-partitions.ts'
import type { Permit } from '../../src/delivery/pace/gate.ts'
import type { TaskOutcome } from '../../src/delivery/task-outcome.ts'
import { type Attempt, type AttemptPart, outcomeOf } from '../../src/domain/attempts/attempt.ts'
import type { DeliveryTask } from '../../src/events/delivery.ts'
import type { StatusDetails } from '../../src/events/status-record.ts'
import { consumedRecord, recordState } from '../servers/consumed-record.ts'

/** The answer of an operator that takes a message. */
export const SENT: SubmitResult = { kind: 'sent', operatorMessageId: 'id' }

const OPEN = { throttled() {}, stop() {} }

export function refused(kind: Exclude<SubmitResult['kind'], 'sent' | 'unidentified'>): SubmitResult {
  return { kind, code: kind }
}

/** The tables of attempts, in memory; any worker's. */
export class Book {
  readonly attempts: Attempt[] = []

  async begin(start: AttemptStart): Promise<boolean> {
    if (this.attempts.some(({ attempt }) => attempt === start.attempt)) return false
    const parts = start.parts.map((part): AttemptPart => {
      return { part, outcome: null, operatorMessageId: null, errorCode: null, receipt: null }
    })
    const times = { leaseUntilMs: Date.now() + start.leaseMs, endedAtMs: null }
    this.attempts.push({ ...start, ...times, outcome: null, parts })
    return true
  }

  async endPart({ attempt, part, ...end }: PartEnd): Promise<null> {
    const at = this.attempts.findIndex((each) => each.attempt === attempt)
    const parts = this.attempts[at]!.parts.map((each) => (each.part === part ? { ...each, ...end } : each))
    this.attempts[at] = { ...this.attempts[at]!, parts }
    return null
  }

  async end({ attempt, ...end }: AttemptEnd): Promise<WrittenEnd> {
    const at = this.attempts.findIndex((each) => each.attempt === attempt)
    const { partCount, parts } = this.attempts[at]!
    const ended = partCount === 1 ? [{ ...parts[0]!, ...end }] : parts
    this.attempts[at] = { ...this.attempts[at]!, parts: ended, outcome: outcomeOf(ended), endedAtMs: Date.now() }
    return null
  }

  async history(): Promise<{ attempts: Attempt[]; attemptsBefore: number }> {
    return { attempts: [...this.attempts], attemptsBefore: 0 }
  }
}

export interface Operator {
  readonly name: string
  /** What it answers, one after another; then it takes everything. */
  readonly answers: SubmitResult[]
  readonly submits: string[]
  isReady: boolean
  readonly candidate: Candidate
}

/** An operator that gives these answers, one after another, and then takes everything. */
export function operator(
  name: string,
  answers: SubmitResult[],
  onAmbiguous: 'hold' | 'resend' = 'hold',
  partCount = 1,
  permit: Permit | null = null,
): Operator {
  const submits: string[] = []
  let isReady = true
  let changed: ConnectorEvents['readyChanged'] = () => {}
  const connector: Connector = {
    get isReady() {
      return isReady
    },
    callbackDoor: null,
    start() {},
    stop: async () => {},
    partsOf: () => partCount,
    submit: async ({ ref }, part) => {
      submits.push(`${ref.split('.')[1]}.${part}`)
      const answer = answers.shift() ?? SENT
      return answer.kind === 'sent' ? { ...answer, operatorMessageId: `${name}-${part}` } : answer
    },
  }
  const connection = new OperatorConnection(
    {
      name,
      window: 10,
      queueRules: permit ? { openGate: () => ({ ...OPEN, take: () => permit }) } : {},
      responseTimeoutMs: 1_000,
      onAmbiguous,
      resends: { max: 3, msFirst: 10_000 },
      events: { receipt: async () => {}, incoming: async () => {}, oddReceipt() {} },
      breakerChanged() {},
      unboundGraceMs: 0,
    },
    ({ readyChanged }) => {
      changed = readyChanged
      return connector
    },
  )
  return {
    name,
    answers,
    submits,
    get isReady() {
      return isReady
    },
    set isReady(ready) {
      isReady = ready
      changed(ready)
    },
    candidate: { connection, sender: null, why: `${name}: every number` },
  }
}

type Reported = [status: string, details: StatusDetails]

/** A worker that has consumed the message. */
export function worker(
  book: Book,
  operators: readonly Operator[],
  changes: object = {},
  publishStored = async () => {},
  waits: Partial<DeferRules> = {},
) {
  const reported: Reported[] = []
  const leaving = new LeavingPartitions()
  const named = {
    sms_id: 7,
    customer_id: 'c',
    phone: '+98935',
    message: 'x',
    operator: operators[0]?.name,
    priority: 1,
  }
  const rest = {
    retry_count: 0,
    max_retries: 3,
    created_at: '2026-11-24T10:00:00.000Z',
    sender: null,
    encoding: 'gsm7',
  }
  const task = { ...named, ...rest, segments: 1, valid_until: null, ...changes } as unknown as DeliveryTask
  const delivery = new TaskDelivery({
    clock: { nowMs: () => Date.now() },
    connections: {
      get: (name: string) => operators.find((each) => each.name === name)?.candidate.connection,
      candidates: () => operators.map(({ candidate }) => candidate),
    },
    attempts: book as never,
    maker: new AttemptMaker({ attempts: book, submitted: () => {} }),
    reporter: {
      report: async (_: unknown, status: string, details: StatusDetails) => void reported.push([status, details]),
    } as never,
    receipts: { expect: () => {} },
    publisher: { publishReceipt: async () => {}, publishStored } as never,
    leaving,
    rules: {
      retryMsFirst: 0,
      retryMsMax: 0,
      validMsDefault: Infinity,
      deferMs: Infinity,
      deferAfterMs: Infinity,
      ...waits,
    },
  })
  const [record, state] = [consumedRecord({}), recordState()]
  const judged = judgeFaults((...call) => delivery.handle(task, ...call), { smsIdOf: () => task.sms_id })
  return { reported, leaving, handle: (): Promise<TaskOutcome> => judged(record, state) }
}

/** Visits a record until nothing more is to be done with it, as lanes do; waits pass at once. */
export async function toItsEnd({ handle }: ReturnType<typeof worker>): Promise<TaskOutcome> {
  for (let visits = 0; visits < 50; visits++) {
    const outcome = await handle()
    if (outcome.kind !== 'retry' && outcome.kind !== 'shed') return outcome
    vi.setSystemTime(Math.ceil(outcome.atMs))
  }
  throw new Error('the record comes to no end')
}

export const untilUnbound = (one: Operator): Promise<void> => {
  return expect
    .poll(() => one.candidate.connection.health.condition(Date.now()))
    .toBe('unbound' satisfies ConnectionCondition)
}
