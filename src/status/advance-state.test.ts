import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventId } from '../domain/event-id.ts'
import type { StatusEvent } from '../events/status.ts'
import { advance, type MessageState } from './advance-state.ts'

const SMS_ID = 8_000_000_000_000
const START: MessageState = {
  smsId: SMS_ID,
  customerId: 'c',
  cost: 100,
  status: 'accepted',
  attempt: 0,
  attemptsBefore: 0,
  settlement: 'reserved',
  operatorMessageId: null,
  errorCode: null,
  errorMessage: null,
  possibleDuplicate: false,
  timeline: [],
  revision: 0,
}

function event(status: StatusEvent['status'], attempt: number, changes: Partial<StatusEvent> = {}): StatusEvent {
  return {
    event_id: eventId(SMS_ID, status === 'accepted' ? 'accepted' : status, attempt),
    sms_id: SMS_ID,
    customer_id: 'c',
    status,
    operator_message_id: null,
    error_code: null,
    error_message: null,
    delivered_at: null,
    latency_ms: 0,
    occurred_at: '2026-11-23T12:00:00.000Z',
    operator: 'o',
    attempt,
    segments: 1,
    possible_duplicate: false,
    ...changes,
  }
}

const WAY = [
  event('queued', 0),
  event('sending', 1),
  event('sent', 1, { operator_message_id: 'x' }),
  event('delivered', 1),
]

test('the whole way at once is the same as step by step, in all but the revision', () => {
  const atOnce = advance(START, WAY)!
  const byStep = WAY.reduce((state, each) => advance(state, [each])!.state, START)
  expect({ ...atOnce.state, revision: 0 }).toEqual({ ...byStep, revision: 0 })
  expect(atOnce.state).toMatchObject({
    status: 'delivered',
    settlement: 'captured',
    operatorMessageId: 'x',
    revision: 1,
  })
  expect(atOnce.state.timeline.map(({ status }) => status)).toEqual(['queued', 'sending', 'sent', 'delivered'])
  expect(atOnce.settles).toBe('capture')
})

test('an attempt that may have been a second send flags the message also when an earlier one has ended it', () => {
  const ended = advance(START, WAY)!.state
  const late = [event('sending', 2, { possible_duplicate: true }), event('sent', 2, { possible_duplicate: true })]
  const { state, settles } = advance(ended, late)!
  expect(state).toMatchObject({ status: 'delivered', attempt: 1, operatorMessageId: 'x', possibleDuplicate: true })
  expect(state.timeline.at(-1)).toMatchObject({ status: 'delivered', possible_duplicate: true })
  expect([state.timeline.length, state.revision, settles]).toEqual([WAY.length, 2, null])
  expect(advance(state, late)).toBeNull()
})

test('events repeated, or some of them late, end in the same state, and the money is settled once', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...WAY, ...WAY], { minLength: 1 }), (repeats) => {
      const end = advance(START, WAY)!.state
      expect(advance(end, repeats)).toBeNull()
    }),
  )
  let captures = 0
  let state = START
  for (const each of [...WAY, ...WAY]) {
    const step = advance(state, [each])
    if (step?.settles) captures++
    state = step?.state ?? state
  }
  expect(captures).toBe(1)
})

test('a rejection gives the money back, and a duplicate that is possible stays flagged', () => {
  expect(advance(START, [event('rejected', 1)])).toMatchObject({
    settles: 'release',
    state: { settlement: 'released' },
  })
  const flagged = advance(START, [event('sending', 2, { possible_duplicate: true }), event('sent', 2)])!
  expect(flagged.state.possibleDuplicate).toBe(true)
})

test('a receipt that overtakes the news of its submit does not give back what the operator took', () => {
  const undelivered = event('failed', 1, { operator_message_id: 'x', error_code: 'undelivered' })
  expect(advance(START, [event('sending', 1), undelivered])?.settles).toBe('capture')
  expect(advance(START, [event('sending', 1), event('failed', 1, { error_code: 'busy' })])?.settles).toBe('release')
})
