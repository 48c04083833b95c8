import { expect, test } from 'vitest'
import { arrivalsPerSecond, judgeMemory, judgeOutage, type Submit } from './judge-outage.ts'

/** Measured from 0 on, killed after 10 s, back after 20 s, the last post after 30 s. */
const MOMENTS = { beginMs: 0, killedMs: 10_000, revivedMs: 20_000, endMs: 30_000 }

let smsId = 0

function submit(share: Submit['share'], operator: Submit['operator'], acceptedMs: number, tookMs: number): Submit {
  smsId++
  return { smsId, phone: `${smsId}`, share, operator, acceptedMs, arrivedMs: acceptedMs + tookMs, isTaken: true }
}

test('others are judged by when they were accepted, and only by what is theirs', () => {
  const verdict = judgeOutage(
    [
      submit('b', 'b', 9_999, 100),
      submit('c', 'c', 10_000, 120),
      submit('c', 'c', 20_000, 300),
      submit('b', 'b', -1, 9_000),
      submit('waiting', 'a', 5_000, 9_000),
      submit('failover', 'b', 12_000, 9_000),
    ],
    MOMENTS,
  )
  const p99 = [verdict.others.before, verdict.others.during, verdict.others.after].map((each) => Math.round(each.p99))
  expect(p99).toEqual([100, 120, 300])
  expect(verdict.ratioDuring).toBeCloseTo(1.2, 2)
  expect(verdict.ratioAfter).toBeCloseTo(3, 1)
})

test('what goes by another operator is noticed with the first, also one that was accepted before', () => {
  const submits = [submit('failover', 'a', 9_000, 5), submit('failover', 'b', 9_990, 1_500)]
  const { failover } = judgeOutage([...submits, submit('failover', 'b', 13_000, 40)], MOMENTS)
  expect(failover).toMatchObject({ messages: 1, firstAfterMs: 1_490 })
  expect(Math.round(failover.p99)).toBe(40)
  expect(judgeOutage([], MOMENTS).failover.firstAfterMs).toBeNull()
})

test('a backlog is drained with its last message', () => {
  const submits = [submit('waiting', 'a', 11_000, 11_000), submit('waiting', 'a', 12_000, 9_500)]
  expect(judgeOutage(submits, MOMENTS).waiting).toEqual({ messages: 2, drainMs: 2_000 })
  expect(judgeOutage([], MOMENTS).waiting).toEqual({ messages: 0, drainMs: null })
})

test('taken twice, gone astray and overtaken are counted; refused and sent again is neither', () => {
  const taken = submit('failover', 'a', 1_000, 5)
  const refused = { ...submit('failover', 'a', 2_000, 5), isTaken: false }
  const submits = [
    ...[taken, { ...taken, operator: 'b' as const, arrivedMs: 4_000 }],
    ...[refused, { ...refused, isTaken: true, arrivedMs: 3_000 }],
  ]
  expect(judgeOutage(submits, MOMENTS)).toMatchObject({ takenTwice: 1, astray: 0, overtaken: 0 })
  expect(judgeOutage([submit('waiting', 'b', 1_000, 5)], MOMENTS).astray).toBe(1)
  const [first, second] = [submit('b', 'b', 1_000, 500), submit('b', 'b', 1_100, 50)]
  expect(judgeOutage([first, { ...second, phone: first.phone }], MOMENTS).overtaken).toBe(1)
  expect(judgeOutage([first, second], MOMENTS).overtaken).toBe(0)
})

test('memory is the most of each stretch, and the last', () => {
  const samples = [1_000, 12_000, 13_000, 25_000, 26_000].map(
    (atMs, n) => [atMs, [100, 130, 110, 140, 120][n]!] as const,
  )
  expect(judgeMemory(samples, MOMENTS)).toEqual({ beforeMiB: 100, duringMiB: 130, afterMiB: 140, endMiB: 120 })
  expect(judgeMemory([], MOMENTS)).toEqual({ beforeMiB: 0, duringMiB: 0, afterMiB: 0, endMiB: 0 })
})

test('arrivals are counted by seconds, those without any as well, or by several where there are many', () => {
  const arrivals = [999, 1_000, 1_999, 4_000, 9_000]
  expect(arrivalsPerSecond(arrivals, 1_000, 4, 4)).toEqual([
    [0, 2],
    [1, 0],
    [2, 0],
    [3, 1],
  ])
  expect(arrivalsPerSecond(arrivals, 1_000, 5, 3)).toEqual([
    [0, 1],
    [2, 0.5],
  ])
})
