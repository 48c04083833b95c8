import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type EventKind, eventId } from './event-id.ts'
import { firstSmsIdAt, smsIdTimeMs } from './sms-id.ts'

/** In this order they are part of ids that are stored and published: they may grow at the end only. */
const KINDS: readonly EventKind[] = [
  ...(['accepted', 'delivery', 'scheduled', 'queued', 'sending', 'sent'] as const),
  ...(['delivered', 'failed', 'rejected', 'cancelled', 'expired', 'unknown'] as const),
]
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const read = (digits: string): number => [...digits].reduce((sum, digit) => sum * 32 + CROCKFORD.indexOf(digit), 0)

test('an event id carries the time of acceptance, the message, the kind of event and the attempt', () => {
  const smsId = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(smsId, fc.constantFrom(...KINDS), fc.nat(32_767), (message, kind, attempt) => {
      const id = eventId(message, kind, attempt)
      expect(id).toHaveLength(26)
      expect([id.slice(0, 10), id.slice(10, 21), id.slice(21, 23), id.slice(23)].map(read)).toEqual([
        ...[smsIdTimeMs(message), message, KINDS.indexOf(kind), attempt],
      ])
    }),
  )
})

test('an id that was published once stays as it is', () => {
  const smsId = firstSmsIdAt(Date.UTC(2026, 10, 24, 10)) + 5
  expect(eventId(smsId, 'accepted')).toBe(eventId(smsId, 'accepted', 0))
  expect(eventId(5, 'delivered', 3)).toBe('01KDVDNA000000000000506003')
})
