import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FINAL_STATUSES, isFinal, moves, REOPENING, STATES, STATUSES, type StatusPoint, TRANSITIONS } from './status.ts'

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
  for (const status of FINAL_STATUSES) {
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

test('docs/states draws the table, every direct step and nothing else, and describes each state', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/states/message.md'), 'utf8')
  const drawn = [...text.matchAll(/^ {2}(\w+) --> (\w+)/gm)].map(([, from, to]) => `${from} ${to}`)
  const allowed = new Set(Object.entries(TRANSITIONS).flatMap(([from, next]) => next.map((to) => `${from} ${to}`)))
  allowed.add(`${REOPENING.from} ${REOPENING.to}`)
  expect(drawn.filter((step) => !allowed.has(step))).toEqual([])
  expect(new Set(drawn.flatMap((step) => step.split(' ')))).toEqual(new Set(STATUSES))
  const described = [...text.matchAll(/^\| (\w+) \|/gm)].map(([, status]) => status)
  expect(described.slice(1)).toEqual(STATUSES)
})

test('final are the states that end a message, and no other', () => {
  expect(FINAL_STATUSES).toEqual(['delivered', 'failed', 'rejected', 'cancelled', 'expired', 'unknown'])
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

test('each state has a code and a place in event ids of its own', () => {
  const rows = Object.values(STATES)
  for (const { letter } of rows) expect(letter).toMatch(/^[a-z]$/)
  expect(new Set(rows.map(({ letter }) => letter)).size).toBe(rows.length)
  // The place of `delivery`, of tasks, is 1.
  const places = [...rows.map(({ eventPlace }) => eventPlace), 1].sort((a, b) => a - b)
  expect(places).toEqual(Array.from({ length: rows.length + 1 }, (_, place) => place))
})

test('only a state that someone acts on is followed by others, but for `unknown`, and money is settled from `sent` on', () => {
  for (const status of STATUSES) {
    const { heldBy, settles } = STATES[status]
    expect(TRANSITIONS[status].length > 0, status).toBe(heldBy !== null || status === 'unknown')
    expect(settles !== null, status).toBe(heldBy === null || heldBy === 'operator')
  }
})
