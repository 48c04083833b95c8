import { expect, test } from 'vitest'
import { consumedRecord } from '../../test/servers/consumed-record.ts'
import type { Status } from '../domain/status.ts'
import { TOPICS } from '../events/topics.ts'
import { DONE } from '../kafka/consumer/outcome.ts'
import type { Attempt, AttemptOutcome } from './attempt-plan.ts'
import { type DeliveryParts, TaskDelivery } from './deliver-task.ts'
import { TaskReader } from './read-tasks.ts'

const smsId = 1_000_000_000_000

function record(validUntilMs: number | null) {
  const at = new Date(Date.now() - 60_000).toISOString()
  const task = {
    task_id: '01KAAAAAAAAAAAAAAAAAAAAAAA',
    sms_id: smsId,
    customer_id: 'c',
    phone: '+989121234567',
    message: 'x',
    operator: 'o',
    priority: 1,
    retry_count: 0,
    max_retries: 3,
    created_at: at,
    sender: null,
    encoding: 'gsm7',
    segments: 1,
    valid_until: validUntilMs === null ? null : new Date(validUntilMs).toISOString(),
    accepted_at: at,
  }
  return consumedRecord({ topic: TOPICS.delivery, key: 'c', value: JSON.stringify(task) })
}

/** A worker that begins with a message of which PostgreSQL has these attempts already. */
function worker(outcomes: AttemptOutcome[], deferMs = 60_000) {
  const reported: [Status, { attempt: number; possibleDuplicate: boolean }][] = []
  const deferredUntilMs: number[] = []
  const submitted: string[] = []
  const history = outcomes.map((outcome, index): Attempt => {
    const ended = { operatorMessageId: null, errorCode: 'e', endedAtMs: Date.now() - 100 }
    return { attempt: index + 1, possibleDuplicate: false, leaseUntilMs: Date.now() - 1, outcome, ...ended }
  })
  const line = {
    name: 'o',
    queue: { turn: async () => ({ release() {} }) },
    connector: {
      submit: async ({ ref }: { ref: string }) => {
        submitted.push(ref)
        return { kind: 'sent', operatorMessageId: 'm' }
      },
    },
    responseTimeoutMs: 1_000,
    onAmbiguous: 'resend',
  }
  const delivery = new TaskDelivery({
    tasks: new TaskReader(),
    lines: new Map([['o', line]]),
    attempts: {
      begin: async ({ attempt }: { attempt: number }) => attempt > history.length,
      end: async () => {},
      history: async () => ({ attempts: [...history], attemptsBefore: 0 }),
    },
    reporter: {
      report: async (_subject: unknown, status: Status, { attempt, possibleDuplicate }: Attempt) => {
        reported.push([status, { attempt, possibleDuplicate }])
      },
    },
    receipts: { expect() {} },
    delayed: {
      shouldDefer: (untilMs: number, nowMs: number) => untilMs - nowMs > deferMs,
      defer: async (_record: unknown, _task: unknown, untilMs: number) => void deferredUntilMs.push(untilMs),
    },
    rules: { retryMsFirst: 600_000, retryMsMax: 600_000 },
    submitted: () => {},
  } as unknown as DeliveryParts)
  return { delivery, reported, submitted, deferredUntilMs }
}

const last = (reported: [Status, unknown][]) => reported.at(-1)

test('too late for a first attempt: expired, and nothing is submitted', async () => {
  const { delivery, reported, submitted } = worker([])
  expect(await delivery.handle(record(Date.now() - 1))).toEqual(DONE)
  expect(last(reported)).toEqual(['expired', { attempt: 0, possibleDuplicate: false }])
  expect(submitted).toEqual([])
})

test.each<[AttemptOutcome, Status, number, boolean]>([
  ['sent', 'sent', 1, false],
  ['cancelled', 'cancelled', 0, false],
  ['rejected', 'rejected', 1, false],
  ['temporary', 'expired', 1, false],
  ['ambiguous', 'unknown', 1, true],
])(
  'too late, and a worker before left an attempt that is %s: it is %s',
  async (outcome, status, attempt, duplicate) => {
    const { delivery, reported, submitted } = worker([outcome])
    expect(await delivery.handle(record(Date.now() - 1))).toEqual(DONE)
    expect(last(reported)).toEqual([status, { attempt, possibleDuplicate: duplicate }])
    expect(submitted).toEqual([])
  },
)

test('a customer who cancelled took the attempt: nothing is submitted', async () => {
  const { delivery, reported, submitted } = worker(['cancelled'])
  expect(await delivery.handle(record(null))).toEqual(DONE)
  expect(last(reported)).toEqual(['cancelled', { attempt: 0, possibleDuplicate: false }])
  expect(submitted).toEqual([])
})

test('a long wait is put aside, and its record is done; a short one is not', async () => {
  const long = worker(['temporary'])
  expect(await long.delivery.handle(record(null))).toEqual(DONE)
  expect(long.deferredUntilMs).toHaveLength(1)
  const short = worker(['temporary'], 3_600_000)
  const validUntilMs = Date.now() + 200_000
  // Until its validity ends, as its money is given back then.
  expect(await short.delivery.handle(record(validUntilMs))).toEqual({ kind: 'retry', atMs: validUntilMs })
  expect(short.deferredUntilMs).toEqual([])
})
