import { expect, test } from 'vitest'
import type { GroupReport } from './group-report.ts'
import type { LagReport } from './lag-history.ts'
import { type LagStatus, statusLevel, worstStatus } from './lag-rules.ts'
import { summarizeLag } from './lag-summary.ts'
import type { LagTrend } from './lag-trend.ts'

/** From good to bad. */
const STATUSES: readonly LagStatus[] = ['OK', 'WARN', 'STOP', 'STALL', 'REWIND', 'LOSS']

const trendBy = (perSecond: number, direction: LagTrend['direction']): LagTrend => {
  return { direction, perSecond, caughtUpAfterSeconds: null }
}

function partition(number: number, parts: Partial<LagReport>): LagReport {
  return {
    ...{ group: 'g', topic: 't', partition: number, currentOffset: 10, logStartOffset: 0, logEndOffset: 15, lag: 5 },
    ...{ seconds: 1, isGuess: false, status: 'OK', isCertain: true, trend: null, lostRecords: 0 },
    ...parts,
  }
}

function group(...partitions: readonly LagReport[]): GroupReport {
  const furthest = partitions.reduce<LagReport | null>(
    (most, each) => (most && most.lag > each.lag ? most : each),
    null,
  )
  return {
    ...{ groupId: 'g', state: 'Stable', protocol: 'classic', members: 2, lag: 0, seconds: null, level: 'normal' },
    ...{
      status: worstStatus(partitions.map(({ status }) => status)),
      lostRecords: 0,
      topics: [],
      furthest,
      partitions,
    },
  }
}

const summaryOf = (...partitions: readonly LagReport[]) => summarizeLag([group(...partitions)], new Map()).groups[0]!

test('the trend of a group adds up those of its partitions', () => {
  const trendOf = (...trends: readonly (LagTrend | null)[]) =>
    summaryOf(...trends.map((trend, number) => partition(number, { trend }))).trend
  expect(trendOf()).toBeNull()
  expect(trendOf(null, null)).toBeNull()
  expect(trendOf(null, trendBy(3, 'growing'))).toEqual({ direction: 'growing', perSecond: 3 })
  expect(trendOf(trendBy(3, 'growing'), trendBy(-5, 'shrinking'))).toEqual({ direction: 'shrinking', perSecond: -2 })
  expect(trendOf(trendBy(3, 'growing'), trendBy(-3, 'shrinking'))).toEqual({ direction: 'steady', perSecond: 0 })
  // Steady ones stay so, however many.
  expect(trendOf(trendBy(0.2, 'steady'), trendBy(0.2, 'steady'))).toEqual({ direction: 'steady', perSecond: 0.4 })
  expect(trendOf(trendBy(0.2, 'steady'), trendBy(2, 'growing'))).toEqual({ direction: 'growing', perSecond: 2.2 })
})

test('a group has a status when it is a bad one, or every partition is certain', () => {
  expect(summaryOf(partition(0, {}), partition(1, {})).status).toBe('OK')
  expect(summaryOf(partition(0, {}), partition(1, { isCertain: false })).status).toBeNull()
  expect(summaryOf(partition(0, { status: 'STALL' }), partition(1, { isCertain: false })).status).toBe('STALL')
  expect(summaryOf().status).toBeNull()
})

test('the worst partition is the one with the most records, with the age that was read from its record', () => {
  const near = partition(0, { lag: 5 })
  const far = partition(1, { lag: 90, seconds: 7, isGuess: true })
  expect(summaryOf(near, far).worst).toEqual({ topic: 't', partition: 1, lag: 90, seconds: null })
  const { groups } = summarizeLag([group(near, far)], new Map([[far, 42]]))
  expect(groups[0]).toMatchObject({ worst: { partition: 1, seconds: 42 }, lag: 95, seconds: 42, level: 'warning' })
  expect(summaryOf().worst).toBeNull()
})

test('all together are as bad as the worst group, by its level or by its status', () => {
  const level = (...groups: readonly GroupReport[]) => summarizeLag(groups, new Map()).total.level
  expect(level()).toBe('normal')
  expect(level(group(partition(0, {})))).toBe('normal')
  expect(level(group(partition(0, { isCertain: false })))).toBe('normal')
  expect(level(group(partition(0, {})), group(partition(0, { lag: 10_000 })))).toBe('warning')
  expect(level(group(partition(0, {})), group(partition(0, { status: 'WARN' })))).toBe('warning')
  expect(level(group(partition(0, { status: 'STOP' })), group(partition(0, {})))).toBe('critical')
})

test('a status has the severity of its alert, and the worst of several is the one with the highest code', () => {
  const levels = ['normal', 'warning', 'critical', 'critical', 'warning', 'critical']
  expect(STATUSES.map(statusLevel)).toEqual(levels)
  expect(worstStatus([])).toBe('OK')
  for (const [index, status] of STATUSES.entries()) {
    expect(worstStatus([...STATUSES.slice(0, index + 1), 'OK'])).toBe(status)
  }
})
