import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GROUPS } from '../../../src/events/topics.ts'
import { OffsetMoves } from '../audit/offset-moves.ts'
import { FAULTS } from '../faults/all-faults.ts'
import { treatWebhook } from '../load/treat-webhook.ts'
import { commitAt } from '../system/find-commit.ts'
import { lagOfGateway } from './drain.ts'
import { drawPlan } from './draw-plan.ts'
import { measureDip } from './measure-dip.ts'

const seeds = fc.integer({ min: 0, max: 2 ** 31 })

test('a seed draws the same plan again, and another one another', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const plan = { seed, faults: 40, extent: 'full', only: [] } as const
      expect(drawPlan(FAULTS, plan)).toEqual(drawPlan(FAULTS, plan))
      expect(drawPlan(FAULTS, plan)).not.toEqual(drawPlan(FAULTS, { ...plan, seed: seed + 1 }))
    }),
  )
})

test('no kind comes again before all have come, and targets and times are those of the kind', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 60 }), (seed, faults) => {
      const plan = drawPlan(FAULTS, { seed, faults, extent: 'quick', only: [] })
      expect(plan).toHaveLength(faults)
      expect(new Set(plan.map(({ fault }) => fault)).size).toBe(Math.min(faults, FAULTS.length))
      for (const { fault, target, holdMs } of plan) {
        const [least, most] = fault.holdMs.quick
        expect(fault.targets).toContain(target)
        expect(holdMs >= least && holdMs <= most).toBe(true)
      }
    }),
  )
})

test('kinds can be named by code and by name, and a slip is reported', () => {
  const plan = drawPlan(FAULTS, { seed: 1, faults: 20, extent: 'quick', only: ['F5', 'freeze-worker'] })
  expect(new Set(plan.map(({ fault }) => fault.name))).toEqual(
    new Set(['kill-leader', 'kill-controller', 'freeze-worker']),
  )
  expect(() => drawPlan(FAULTS, { seed: 1, faults: 1, extent: 'quick', only: ['F5', 'F99'] })).toThrow('"F99"')
})

test('a dip is what clients noticed between two times', () => {
  const accepted = (atMs: number, latencyMs = 5) => ({ atMs, status: 202, latencyMs })
  const samples = [accepted(50, 9_000), accepted(110), { atMs: 150, status: 503, latencyMs: 1 }, accepted(400, 300)]
  expect(measureDip(samples, 100, 500)).toEqual({ accepted: 2, refused: { 503: 1 }, silentMs: 290, slowestMs: 300 })
  expect(measureDip([], 100, 500)).toEqual({ accepted: 0, refused: {}, silentMs: 400, slowestMs: 0 })
})

test('an offset that goes back is noted, unless it was deleted before', () => {
  const moves = new OffsetMoves()
  for (const offset of [3, 5, 5, 4, 6, null, 0]) moves.saw('group topic[0]', offset)
  moves.saw('group topic[1]', 2)
  expect(moves.facts).toEqual({ looked: 8, back: [{ place: 'group topic[0]', from: 5, to: 4 }] })
})

test('a COMMIT is found among other statements, and a text about one is not', () => {
  const commit = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1')
  const insert = Buffer.from('Q\0\0\0\x19INSERT INTO t COMMIT\0', 'latin1')
  expect(commitAt(Buffer.concat([insert, commit]))).toBe(insert.length)
  expect(commitAt(insert)).toBe(-1)
})

test('the sink refuses some events the first time, and none the second', () => {
  const ids = Array.from({ length: 1_000 }, (_, n) => `event-${n}`)
  const refused = ids.filter((id) => treatWebhook(id, true) === 500)
  expect(refused.length).toBeGreaterThan(10)
  expect(refused.length).toBeLessThan(100)
  expect(ids.every((id) => treatWebhook(id, false) === 204)).toBe(true)
})

test('the lag that is drained is that of every consumer group of the gateway, and of no other', () => {
  const lags = Object.values(GROUPS).map((group) => ({ group, lag: 2 }))
  expect(lagOfGateway([...lags, { group: 'another', lag: 1_000 }])).toBe(lags.length * 2)
})
