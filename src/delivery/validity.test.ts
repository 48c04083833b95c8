import { expect, test } from 'vitest'
import { consumedRecord, recordState } from '../../test/servers/consumed-record.ts'
import { TASK } from '../../test/servers/sample-message.ts'
import type { Attempt, AttemptOutcome, AttemptPart } from '../domain/attempts/attempt.ts'
import type { Status } from '../domain/status.ts'
import type { DeliveryTask } from '../events/delivery.ts'
import { DONE } from '../kafka/consumer/outcome.ts'
import { type DeliveryParts, TaskDelivery } from './deliver-task.ts'
import type { TaskOutcome } from './task-outcome.ts'

const smsId = 1_000_000_000_000

const DAY_MS = 86_400_000

function taskOf(validUntilMs: number | null, ageMs = 60_000): DeliveryTask {
  const at = new Date(Date.now() - ageMs).toISOString()
  return {
    ...TASK,
    sms_id: smsId,
    created_at: at,
    accepted_at: at,
    valid_until: validUntilMs === null ? null : new Date(validUntilMs).toISOString(),
  }
}

/** A worker that begins with a message of which PostgreSQL has these attempts already. */
function worker(outcomes: AttemptOutcome[], deferMs = 60_000, clock = { nowMs: () => Date.now() }) {
  const reported: [Status, { attempt: number; possibleDuplicate: boolean }][] = []
  const made: number[] = []
  const history = outcomes.map((outcome, index): Attempt => {
    const answer = { operatorMessageId: outcome === 'sent' ? 'm' : null, errorCode: 'e', receipt: null }
    const parts: AttemptPart[] = outcome === 'cancelled' ? [] : [{ part: 1, outcome, ...answer }]
    const ended = { leaseUntilMs: Date.now() - 1, endedAtMs: Date.now() - 300, possibleDuplicate: false }
    return { attempt: index + 1, operator: 'o', outcome, partCount: 1, parts, ...ended }
  })
  const connection = {
    name: 'o',
    queue: { slot: async () => ({ release() {} }) },
    connector: { partsOf: () => 1 },
    health: { condition: () => 'ready', admit: () => true, withdrawn() {} },
    onAmbiguous: 'resend',
  }
  const delivery = new TaskDelivery({
    clock,
    connections: { get: () => connection, candidates: () => [{ connection, sender: null, why: '' }] },
    attempts: { history: async () => ({ attempts: [...history], attemptsBefore: 0 }) },
    maker: {
      // An attempt that is there already is another's.
      make: async ({ attempt }: { attempt: number }) => {
        if (attempt > history.length) made.push(attempt)
        return null
      },
    },
    reporter: {
      report: async (_subject: unknown, status: Status, { attempt, possibleDuplicate }: Attempt) => {
        reported.push([status, { attempt, possibleDuplicate }])
      },
    },
    leaving: { has: () => false },
    receipts: { expect() {} },
    publisher: { publishReceipt: async () => {}, publishStored: async () => {} },
    rules: { retryMsFirst: 600_000, retryMsMax: 600_000, validMsDefault: DAY_MS, deferMs, deferAfterMs: 3_000 },
  } as unknown as DeliveryParts)
  const handle = (task: DeliveryTask): Promise<TaskOutcome> => delivery.handle(task, consumedRecord({}), recordState())
  return { handle, reported, made }
}

const last = (reported: [Status, unknown][]) => reported.at(-1)

test('too late for a first attempt: expired, and nothing is made', async () => {
  const { handle, reported, made } = worker([])
  expect(await handle(taskOf(Date.now() - 1))).toEqual(DONE)
  expect(last(reported)).toEqual(['expired', { attempt: 0, possibleDuplicate: false }])
  expect(made).toEqual([])
})

test.each<[AttemptOutcome, Status, number]>([
  ['sent', 'sent', 1],
  ['cancelled', 'cancelled', 0],
  ['rejected', 'rejected', 1],
  ['temporary', 'expired', 1],
  ['ambiguous', 'unknown', 1],
])('too late, and a worker before left an attempt that is %s: it is %s', async (outcome, status, attempt) => {
  const { handle, reported, made } = worker([outcome])
  expect(await handle(taskOf(Date.now() - 1))).toEqual(DONE)
  expect(last(reported)).toEqual([status, { attempt, possibleDuplicate: false }])
  expect(made).toEqual([])
})

test.each([3_600_000, -3_600_000])(
  'a worker whose clock is %d ms off ends a validity when PostgreSQL does',
  async (offMs) => {
    const clock = { nowMs: () => Date.now() - offMs }
    const over = worker([], 60_000, clock)
    expect(await over.handle(taskOf(clock.nowMs() - 1_000))).toEqual(DONE)
    expect(last(over.reported)).toEqual(['expired', { attempt: 0, possibleDuplicate: false }])
    const valid = worker(['temporary'], 60_000, clock)
    expect(await valid.handle(taskOf(clock.nowMs() + 3_000_000))).toMatchObject({ kind: 'defer' })
  },
)

test.each<[AttemptOutcome[], Status]>([
  [[], 'expired'],
  [['temporary'], 'expired'],
  [['ambiguous'], 'unknown'],
])('without a validity a message ends a day after it was to be sent: %s, %s', async (outcomes, status) => {
  const late = worker(outcomes)
  expect(await late.handle(taskOf(null, DAY_MS + 1_000))).toEqual(DONE)
  expect(last(late.reported)?.[0]).toBe(status)
  expect(late.made).toEqual([])
  const own = worker(['temporary'])
  expect(await own.handle(taskOf(Date.now() + DAY_MS, 2 * DAY_MS))).toMatchObject({ kind: 'defer' })
})

test('a cancellation took the attempt: nothing is submitted', async () => {
  const { handle, reported, made } = worker(['cancelled'])
  expect(await handle(taskOf(null))).toEqual(DONE)
  expect(last(reported)).toEqual(['cancelled', { attempt: 0, possibleDuplicate: false }])
  expect(made).toEqual([])
})

test('a long wait is to be deferred, a short one is spent in memory', async () => {
  const [long, short] = [worker(['temporary']), worker(['temporary'], 3_600_000)]
  expect(await long.handle(taskOf(null))).toMatchObject({ kind: 'defer' })
  expect(await short.handle(taskOf(null))).toMatchObject({ kind: 'retry' })
})

test('what would be too late after its wait is expired at once', async () => {
  const { handle, reported } = worker(['temporary'])
  expect(await handle(taskOf(Date.now() + 60_000))).toEqual(DONE)
  expect(last(reported)).toEqual(['expired', { attempt: 1, possibleDuplicate: false }])
})
