import fc from 'fast-check'
import { expect, test } from 'vitest'
import { STATUSES } from './status.ts'
import { decodeSteps, encodeStep, encodeSteps } from './timeline-steps.ts'

const step = fc.record(
  {
    status: fc.constantFrom(...STATUSES),
    at: fc.oneof(
      fc.date({ min: new Date(0), max: new Date('2199-12-31'), noInvalidDate: true }).map((date) => date.toISOString()),
      fc.constantFrom('2026-11-30T01:02:03Z', '2026-11-30T01:02:03.123456Z', '2026-11-30T04:32:03.000+03:30'),
    ),
    attempt: fc.nat(2_000),
    error_code: fc.string(),
    operator: fc.string(),
    route: fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
    possible_duplicate: fc.constant(true as const),
    parts: fc.array(fc.record({ part: fc.nat(9), status: fc.constantFrom('sent', 'delivered') })),
  },
  { requiredKeys: ['status', 'at'] },
)

test('a timeline is read as it was written, whatever it says', () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      expect(decodeSteps(encodeSteps(steps))).toEqual(steps)
    }),
  )
})

test('the usual timeline takes less than a third of its JSON', () => {
  const steps = [
    { status: 'sending', at: '2026-11-30T01:02:03.004Z', attempt: 1, operator: 'mci', route: 'prefix 98912' },
    { status: 'sent', at: '2026-11-30T01:02:03.254Z', attempt: 1 },
    { status: 'delivered', at: '2026-11-30T01:02:07.711Z', attempt: 1 },
  ] as const
  const text = encodeSteps(steps)
  expect(text).toBe('gmx2kc8os.1{"operator":"mci","route":"prefix 98912"}\nt6y.1\nd3ft.1')
  expect(text.length * 3).toBeLessThan(JSON.stringify(steps).length)
})

test('a step is appended to a timeline without reading it', () => {
  const failed = { status: 'failed', at: '2026-11-30T01:02:03.004Z', attempt: 2 } as const
  const text = `${encodeSteps([failed])}\n${encodeStep('queued', Date.parse('2026-12-01T00:00:00Z'), 2, { reason: 'redriven' })}`
  expect(decodeSteps(text)).toEqual([
    failed,
    { status: 'queued', at: '2026-12-01T00:00:00.000Z', attempt: 2, reason: 'redriven' },
  ])
})

test('what no timeline is throws', () => {
  for (const text of ['x1', 'g', 'g1.1[]', 'g1\n\nt1']) expect(() => decodeSteps(text)).toThrow('not a step')
  // Timelines hold what operators said: an error shows the beginning of one.
  expect(() => decodeSteps('?'.repeat(500))).toThrow(/^not a step of a timeline: \?{80}$/)
})
