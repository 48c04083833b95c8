import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isFinal, moves, REOPENING, STATUSES, type StatusPoint, TRANSITIONS } from './status.ts'

const point = fc.record({ status: fc.constantFrom(...STATUSES), attempt: fc.nat(4) })

function follow(events: readonly StatusPoint[]): StatusPoint {
  let current: StatusPoint = { status: 'accepted', attempt: 0 }
  for (const event of events) {
    if (moves(current, event)) current = { status: event.status, attempt: Math.max(current.attempt, event.attempt) }
  }
  return current
}

test('events that come again change nothing', () => {
  fc.assert(
    fc.property(fc.array(point, { maxLength: 12 }), (events) => {
      const end = follow(events)
      if (isFinal(end.status)) expect(follow([...events, ...events.slice(0, 3)])).toEqual(end)
    }),
  )
})

test('what is final stays, but for a proof that arrives late', () => {
  for (const status of STATUSES.filter(isFinal)) {
    const next = STATUSES.filter((event) => moves({ status, attempt: 1 }, { status: event, attempt: 1 }))
    expect(next).toEqual(status === 'unknown' ? ['delivered', 'failed', 'rejected', 'expired'] : [])
  }
})

test('a message goes back to sending only for an attempt that it has not seen', () => {
  expect(moves({ status: 'sending', attempt: 2 }, { status: 'sending', attempt: 2 })).toBe(false)
  expect(moves({ status: 'sending', attempt: 2 }, { status: 'queued', attempt: 1 })).toBe(false)
  expect(moves({ status: 'sending', attempt: 2 }, { status: 'queued', attempt: 2 })).toBe(true)
  expect(moves({ status: 'queued', attempt: 2 }, { status: 'sending', attempt: 3 })).toBe(true)
  expect(moves({ status: 'sent', attempt: 1 }, { status: 'sending', attempt: 2 })).toBe(false)
})

test('a cancelled message is cancelled, also when that is heard before its last attempt is', () => {
  const sending = { status: 'sending', attempt: 1 } as const
  expect(follow([sending, { status: 'cancelled', attempt: 1 }, { status: 'queued', attempt: 1 }])).toMatchObject({
    status: 'cancelled',
  })
  expect(moves({ status: 'sent', attempt: 1 }, { status: 'cancelled', attempt: 1 })).toBe(false)
})

test('a message that a redrive opened again hears nothing of how earlier attempts failed, and all that is true', () => {
  const reopened = { status: REOPENING.to, attempt: 4, attemptsBefore: 4 }
  const moved = STATUSES.filter((status) => moves(reopened, { status, attempt: 4 }))
  expect(moved).toEqual(['sent', 'delivered', 'cancelled', 'expired', 'unknown'])
  expect(moves(reopened, { status: 'sending', attempt: 5 })).toBe(true)
  expect(moves({ ...reopened, status: 'sending', attempt: 8 }, { status: 'failed', attempt: 8 })).toBe(true)
})

test('the diagram in docs/states shows the table: every direct step, and nothing else', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/states/message.md'), 'utf8')
  const drawn = [...text.matchAll(/^ {2}(\w+) --> (\w+)/gm)].map(([, from, to]) => `${from} ${to}`)
  const allowed = new Set(Object.entries(TRANSITIONS).flatMap(([from, next]) => next.map((to) => `${from} ${to}`)))
  allowed.add(`${REOPENING.from} ${REOPENING.to}`)
  expect(drawn.filter((step) => !allowed.has(step))).toEqual([])
  expect(new Set(drawn.flatMap((step) => step.split(' ')))).toEqual(new Set(STATUSES))
})

test('final are the states that end a message, and no other', () => {
  expect(STATUSES.filter(isFinal)).toEqual(['delivered', 'failed', 'rejected', 'cancelled', 'expired', 'unknown'])
})

test('without a redrive the table decides, whatever the attempts; only of two attempts that are being made the later counts', () => {
  fc.assert(
    fc.property(point, point, (current, event) => {
      const isRepetition =
        current.status === 'sending' &&
        ((event.status === 'sending' && event.attempt <= current.attempt) ||
          (event.status === 'queued' && event.attempt < current.attempt))
      expect(moves(current, event)).toBe(TRANSITIONS[current.status].includes(event.status) && !isRepetition)
    }),
    { numRuns: 2_000 },
  )
})
