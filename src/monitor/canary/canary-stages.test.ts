import { expect, test } from 'vitest'
import { canaryOutcome, canaryStages } from './canary-stages.ts'

const at = (ms: number): string => new Date(ms).toISOString()
const timeline = [
  { status: 'accepted', at: at(1_010) },
  { status: 'queued', at: at(1_100) },
  { status: 'sending', at: at(1_200) },
  { status: 'sending', at: at(1_500) },
  { status: 'sent', at: at(1_700) },
  { status: 'delivered', at: at(2_700) },
]

test('each stage is what lies between the states at its ends; of several attempts the last counts', () => {
  const times = { postedMs: 1_000, answeredMs: 1_020, finalMs: 2_900, inClickHouseMs: 3_200 }
  expect([...canaryStages({ status: 'delivered', timeline }, times)]).toEqual([
    ['accept', 0.02],
    ['kafka', 0.49],
    ['operator', 0.2],
    ['receipt', 1],
    ['postgres', 0.2],
    ['clickhouse', 0.5],
  ])
})

test('stages that were not reached are left out, and clocks that differ do not turn time back', () => {
  const times = { postedMs: 1_000, answeredMs: 1_020, finalMs: null, inClickHouseMs: null }
  const stuck = { status: 'sending' as const, timeline: timeline.slice(0, 3) }
  expect([...canaryStages(stuck, times).keys()]).toEqual(['accept', 'kafka'])
  const late = { status: 'delivered' as const, timeline }
  expect(canaryStages(late, { ...times, finalMs: 2_600 }).get('postgres')).toBe(0)
})

test('a message without a final status is lost, one that failed is not', () => {
  expect(canaryOutcome({ status: 'sent', timeline })).toBe('lost')
  expect(canaryOutcome({ status: 'failed', timeline })).toBe('undelivered')
  expect(canaryOutcome({ status: 'delivered', timeline })).toBe('delivered')
})
