import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TASK } from '../../test/servers/sample-message.ts'
import { STATUSES } from '../domain/status.ts'
import { decideRedrive, type RedriveCandidate, type TaskMessage } from './redrive-rule.ts'

const NOW = Date.parse('2026-11-24T12:00:00.000Z')
const LETTER: RedriveCandidate = {
  id: '3-17',
  state: 'open',
  closedBy: null,
  reason: 'attempts-exhausted',
  topic: 'sms.delivery',
  redrives: 0,
  fault: null,
  task: TASK,
}
const FAILED: TaskMessage = {
  customerId: 'c',
  cost: 100,
  segments: 1,
  status: 'failed',
  settlement: 'released',
  attempts: 4,
  isTaken: false,
  balance: 100,
}

const decide = (letter: Partial<RedriveCandidate>, message: Partial<TaskMessage> | null = {}) =>
  decideRedrive({ ...LETTER, ...letter }, message && { ...FAILED, ...message }, 3, NOW)
const why = (letter: Partial<RedriveCandidate>, message: Partial<TaskMessage> | null = {}) => {
  const decision = decide(letter, message)
  return decision.kind === 'refuse' ? decision.why : decision.kind
}

test('a message whose refusals were used up is opened again, if its money can be reserved again', () => {
  expect(decide({})).toEqual({ kind: 'reopen', attemptsBefore: 4 })
  expect(why({}, { balance: 99 })).toMatch(/costs 100, and c has 99: `smsgw customers top-up c AMOUNT`/)
  const late = { ...TASK, valid_until: '2026-11-24T11:59:59.000Z' }
  expect(why({ task: late })).toMatch(/First `smsgw dlq edit 3-17 --set valid_until=null`/)
})

test('whatever is asked, nothing is sent that is not paid for, and nothing moves a message that has ended otherwise', () => {
  const message = fc.record({
    customerId: fc.constantFrom('c', 'other'),
    cost: fc.nat(200),
    segments: fc.integer({ min: 1, max: 2 }),
    status: fc.constantFrom(...STATUSES),
    settlement: fc.constantFrom('reserved', 'captured', 'released'),
    attempts: fc.nat(9),
    isTaken: fc.boolean(),
    balance: fc.nat(200),
  })
  const reason = fc.constantFrom('attempts-exhausted', 'handler', 'schema', 'head-of-line')
  fc.assert(
    fc.property(message, reason, (found, because) => {
      const { kind } = decide({ reason: because }, found as TaskMessage)
      if (kind === 'publish') expect(['scheduled', 'accepted', 'queued', 'sending']).toContain(found.status)
      if (kind === 'reopen') {
        expect(found).toMatchObject({ status: 'failed', settlement: 'released', isTaken: false, customerId: 'c' })
        expect(found.cost).toBeLessThanOrEqual(found.balance)
      }
    }),
  )
})

test('what is not a task has no money: it is published, if it fits and was not redriven too often', () => {
  const status = { topic: 'sms.status', task: null }
  expect(decide(status, null)).toEqual({ kind: 'publish' })
  expect(why({ ...status, fault: '/status is wrong' }, null)).toMatch(
    /does not fit sms.status: \/status.*dlq edit 3-17/,
  )
  expect(why({ ...status, redrives: 3 }, null)).toMatch(/redriven 3 times.*`smsgw dlq discard 3-17`/)
  expect(why({ ...status, state: 'redriven', closedBy: 'bob' }, null)).toMatch(/was redriven by bob.*dlq show 3-17/)
})

test('a task whose failure is not known yet, or whose message is on its way, is not sent beside it', () => {
  expect(why({}, { status: 'queued', settlement: 'reserved' })).toMatch(
    /message that is queued again, or not yet failed/,
  )
  expect(decide({ reason: 'handler' }, { status: 'queued', settlement: 'reserved' })).toEqual({ kind: 'publish' })
  expect(why({}, null)).toMatch(/message 7 of c, which there is not: `smsgw dlq discard 3-17`/)
})
