import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PartitionState, planReset } from './plan-reset.ts'
import { parseDuration, type ResetTarget, resetTarget } from './reset-target.ts'

const NOW = Date.parse('2026-11-24T10:00:00Z')

const states = fc
  .record({ start: fc.nat(1_000), length: fc.nat(1_000), committed: fc.option(fc.nat(2_500)), at: fc.nat(1_000) })
  .map(({ start, length, committed, at }): PartitionState => {
    const logEnd = start + length
    return { topic: 't', partition: 0, committed, logStart: start, logEnd, atTime: Math.min(logEnd, start + 1 + at) }
  })

const targets: fc.Arbitrary<ResetTarget> = fc.oneof(
  fc.constant({ kind: 'earliest' } as const),
  fc.constant({ kind: 'latest' } as const),
  fc.nat(3_000).map((offset) => ({ kind: 'offset', offset }) as const),
  fc.integer({ min: -3_000, max: 3_000 }).map((by) => ({ kind: 'shift', by }) as const),
  fc.constant({ kind: 'time', atMs: NOW } as const),
)

test('a reset never leaves the log, and says how much is read again', () => {
  fc.assert(
    fc.property(states, targets, (state, target) => {
      const [row] = planReset([state], target)
      expect(row!.after).toBeGreaterThanOrEqual(state.logStart)
      expect(row!.after).toBeLessThanOrEqual(state.logEnd)
      expect(row!.again).toBe((state.committed ?? state.logEnd) - row!.after)
    }),
  )
})

test('a time whose records retention has removed is refused, and the next command is named', () => {
  const state = { topic: 't', partition: 3, committed: 90, logStart: 50, logEnd: 100, atTime: 50 }
  const target = { kind: 'time', atMs: NOW } as const
  expect(() => planReset([state], target)).toThrow(/t\[3\] begins after 2026-11-24T10:00.*--to-earliest/)
  expect(planReset([{ ...state, logStart: 0, atTime: 0 }], target)[0]!.after).toBe(0)
})

test('exactly one target is taken, and what is not understood is said', () => {
  expect(resetTarget({ byDuration: '6h' }, NOW)).toEqual({ kind: 'time', atMs: NOW - 6 * 3_600_000 })
  expect(resetTarget({ shiftBy: '-20' }, NOW)).toEqual({ kind: 'shift', by: -20 })
  expect(() => resetTarget({}, NOW)).toThrow(/one of --to-earliest/)
  expect(() => resetTarget({ toEarliest: true, toLatest: true }, NOW)).toThrow(/one of --to-earliest/)
  expect(() => resetTarget({ toDatetime: 'yesterday' }, NOW)).toThrow(/not a time/)
  expect(() => resetTarget({ toDatetime: '2027-01-01T00:00:00Z' }, NOW)).toThrow(/future.*--to-latest/)
  expect(() => resetTarget({ toOffset: '-1' }, NOW)).toThrow(/whole number from 0/)
})

test('durations are those of people and those of ISO 8601', () => {
  expect(parseDuration('90s')).toBe(90_000)
  expect(parseDuration('P1DT2H')).toBe(26 * 3_600_000)
  expect(parseDuration('PT15M')).toBe(900_000)
  for (const wrong of ['0m', 'PT', '15', 'm', '-1h']) expect(() => parseDuration(wrong)).toThrow(/not a duration/)
})
