import { expect, test } from 'vitest'
import { groupReports } from '../../src/monitor/lag/group-report.ts'
import { LagHistory } from '../../src/monitor/lag/lag-history.ts'
import { type LagSample, type PartitionLag, partitionName } from '../../src/monitor/lag/read-lag.ts'

function lagIn(group: string, topic: string, partition: number, lag: number): PartitionLag {
  return { group, topic, partition, currentOffset: 10, logStartOffset: 0, logEndOffset: 10 + lag, lag }
}

function sample(
  atMs: number,
  groups: readonly string[],
  lags: readonly PartitionLag[],
  leaderless: string[] = [],
): LagSample {
  return {
    atMs,
    groups: groups.map((groupId) => ({ groupId, state: 'Empty', protocol: 'consumer', members: 0 })),
    lags,
    partitions: lags,
    leaderless: new Set(leaderless),
  }
}

test('a group is as bad as its worst partition, and names the one that is furthest behind', () => {
  const history = new LagHistory(300_000)
  const lost = { ...lagIn('g', 'a', 0, 5), logStartOffset: 12 }
  history.add(sample(0, ['g'], [lost, lagIn('g', 'a', 1, 7), lagIn('g', 'b', 0, 100)]))
  const [report] = groupReports(history)
  expect(report).toMatchObject({ status: 'LOSS', lag: 112, lostRecords: 2, members: 0 })
  expect(report!.furthest).toMatchObject({ topic: 'b', partition: 0, lag: 100 })
  expect(report!.topics.map(({ topic, lag }) => [topic, lag])).toEqual([
    ['a', 12],
    ['b', 100],
  ])
})

test('a topic or a group that is gone is forgotten; a partition without a leader keeps its last values', () => {
  const history = new LagHistory(300_000)
  const kept = lagIn('g', 'leaderless', 0, 3)
  history.add(sample(0, ['g', 'gone'], [kept, lagIn('g', 'deleted', 0, 3), lagIn('gone', 'a', 0, 3)]))
  history.add(sample(5_000, ['g'], [lagIn('g', 'a', 0, 1)], [partitionName(kept)]))
  const names = history.report().map((each) => `${each.group} ${partitionName(each)} ${each.lag}`)
  expect(names.sort()).toEqual(['g a[0] 1', 'g leaderless[0] 3'])
  expect(history.partitions.map(partitionName).sort()).toEqual(['a[0]', 'leaderless[0]'])
})

test('a topic that was deleted and made again is not taken for a rewind', () => {
  const history = new LagHistory(300_000)
  history.add(sample(0, ['g'], [{ ...lagIn('g', 'a', 0, 0), currentOffset: 500, logEndOffset: 500 }]))
  history.add(sample(5_000, ['g'], [lagIn('g', 'a', 0, 4)]))
  expect(history.report()).toMatchObject([{ status: 'OK', lag: 4 }])
})

test('a group that has committed nothing is shown, without values', () => {
  const history = new LagHistory(300_000)
  history.add(sample(0, ['new'], []))
  expect(groupReports(history)).toMatchObject([{ groupId: 'new', furthest: null, status: 'OK', lag: 0, seconds: null }])
})

test('nothing but OK is called certain after a look that shows no movement', () => {
  const history = new LagHistory(300_000)
  history.add(sample(0, ['g'], [lagIn('g', 'a', 0, 3), lagIn('g', 'b', 0, 0)]))
  expect(history.report().map(({ status, isCertain }) => [status, isCertain])).toEqual([
    ['OK', false],
    ['OK', true],
  ])
})
