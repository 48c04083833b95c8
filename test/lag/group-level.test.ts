import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { groupReports } from '../../src/monitor/lag/group-report.ts'
import { LagHistory } from '../../src/monitor/lag/lag-history.ts'
import {
  judgeGroup,
  LAG_CRITICAL,
  LAG_LEVELS,
  LAG_WARNING,
  lagLevel,
  SECONDS_CRITICAL,
  SECONDS_WARNING,
} from '../../src/monitor/lag/lag-rules.ts'
import { summarizeLag } from '../../src/monitor/lag/lag-summary.ts'
import type { PartitionLag } from '../../src/monitor/lag/read-lag.ts'

const lags = fc.array(fc.nat(300_000), { maxLength: 40 })
const partitions = fc.array(
  fc.record({ lag: fc.nat(300_000), seconds: fc.option(fc.double({ min: 0, max: 1_000, noNaN: true })) }),
  { maxLength: 40 },
)
const severity = (level: (typeof LAG_LEVELS)[number]): number => LAG_LEVELS.indexOf(level)

function sample(atMs: number, ...lagged: readonly PartitionLag[]) {
  const groups = [...new Set(lagged.map(({ group }) => group))]
  return {
    atMs,
    groups: groups.map((groupId) => ({ groupId, state: 'Stable', protocol: 'classic' as const, members: 1 })),
    lags: lagged,
    partitions: lagged,
    leaderless: new Set<string>(),
  }
}

function lagIn(group: string, partition: number, currentOffset: number, lag: number): PartitionLag {
  const logEndOffset = currentOffset + lag
  return { group, topic: 'sms.accepted', partition, currentOffset, logStartOffset: 0, logEndOffset, lag }
}

describe('the level of a group', () => {
  test('counts the records of all partitions, however they are spread', () => {
    fc.assert(
      fc.property(lags, fc.nat({ max: 100 }), (spread, seconds) => {
        const sum = spread.reduce((total, lag) => total + lag, 0)
        const judged = judgeGroup(spread.map((lag) => ({ lag, seconds })))
        const inOne = judgeGroup(spread.length === 0 ? [] : [{ lag: sum, seconds }])
        expect(judged).toEqual(inOne)
      }),
    )
  })

  test('is never better than that of a partition, and its seconds are those of the worst', () => {
    fc.assert(
      fc.property(partitions, (all) => {
        const { level, seconds } = judgeGroup(all)
        for (const each of all) {
          expect(severity(level)).toBeGreaterThanOrEqual(severity(lagLevel(each.lag, each.seconds)))
          if (each.seconds !== null) expect(seconds).toBeGreaterThanOrEqual(each.seconds)
        }
        expect(all.map((each) => each.seconds).concat(null)).toContain(seconds)
      }),
    )
  })

  test('never improves when a partition falls further behind', () => {
    fc.assert(
      fc.property(partitions, fc.nat(300_000), fc.nat(), (all, more, at) => {
        fc.pre(all.length > 0)
        const worse = all.map((each, index) => (index === at % all.length ? { ...each, lag: each.lag + more } : each))
        expect(severity(judgeGroup(worse).level)).toBeGreaterThanOrEqual(severity(judgeGroup(all).level))
      }),
    )
  })

  test.each([
    [LAG_WARNING - 1, 0, 'normal'],
    [LAG_WARNING, 0, 'warning'],
    [LAG_CRITICAL, 0, 'warning'],
    [LAG_CRITICAL + 1, 0, 'critical'],
    [1, SECONDS_WARNING - 0.1, 'normal'],
    [1, SECONDS_WARNING, 'warning'],
    [1, SECONDS_CRITICAL, 'critical'],
    [1, null, 'normal'],
  ])('%d records, %s seconds: %s', (lag, seconds, level) => {
    expect(judgeGroup([{ lag, seconds }]).level).toBe(level)
  })
})

test('200,000 records over 30 partitions are critical, although each partition alone is normal', () => {
  const history = new LagHistory(300_000)
  const spread = Array.from({ length: 30 }, (_, partition) => lagIn('g', partition, 5, partition < 20 ? 6_667 : 6_666))
  history.add(sample(0, ...spread, lagIn('idle', 0, 5, 0)))
  const { groups, total } = summarizeLag(groupReports(history), new Map())
  const [group, idle] = groups
  expect(spread.map(({ lag }) => lagLevel(lag, null))).toEqual(spread.map(() => 'normal'))
  expect(group).toMatchObject({
    group: 'g',
    lag: 200_000,
    level: 'critical',
    worst: { topic: 'sms.accepted', lag: 6_667 },
  })
  expect(idle).toMatchObject({ group: 'idle', lag: 0, level: 'normal', status: 'OK' })
  expect(total).toMatchObject({ groups: 2, lag: 200_000, level: 'critical' })
})

test('a group that falls behind evenly is a WARN, although none of its partitions is beyond normal', () => {
  const history = new LagHistory(300_000)
  const perPartition = (s: number) => Array.from({ length: 30 }, (_, p) => lagIn('g', p, 1_000 + s, 500 + 10 * s))
  for (let s = 0; s <= 240; s += 5) history.add(sample(s * 1_000, ...perPartition(s)))
  const [report] = groupReports(history)
  expect(Math.max(...report!.partitions.map(({ lag }) => lag))).toBeLessThan(LAG_WARNING)
  expect(report!.status).toBe('WARN')
})

test('a group that lost records is critical in the total, however little it is behind', () => {
  const history = new LagHistory(300_000)
  history.add(sample(0, { ...lagIn('g', 0, 5, 3), logStartOffset: 7 }))
  const { groups, total } = summarizeLag(groupReports(history), new Map())
  expect(groups[0]).toMatchObject({ status: 'LOSS', level: 'normal', lostRecords: 2 })
  expect(total.level).toBe('critical')
})

test('trends of partitions add up, and ages that were read replace guesses', () => {
  const history = new LagHistory(300_000)
  history.add(sample(0, lagIn('g', 0, 0, 100), lagIn('g', 1, 0, 100)))
  history.add(sample(1_000, lagIn('g', 0, 0, 300), lagIn('g', 1, 50, 50)))
  const reports = groupReports(history)
  const [first] = reports[0]!.partitions
  const { groups } = summarizeLag(reports, new Map([[first!, 95]]))
  expect(groups[0]!.trend).toEqual({ direction: 'growing', perSecond: 150 })
  expect(groups[0]).toMatchObject({ seconds: 95, level: 'critical' })
})
