import { describe, expect, test } from 'vitest'
import { type LagStatus, lagLevel } from '../../src/monitor/lag/lag-rules.ts'
import { play, type Script, type ScriptedMoment } from './scripted-partition.ts'

const MINUTE = 60
const steady: Script = { seconds: 10 * MINUTE, produced: () => 100, handled: () => 200 }
const until =
  (second: number, before: number, after = 0) =>
  (s: number) =>
    s < second ? before : after

/** Statuses in the order in which they came, each once for as long as it lasted. */
function course(script: Script): LagStatus[] {
  return statuses(play(script))
}

function statuses(moments: readonly ScriptedMoment[]): LagStatus[] {
  return moments.map(({ status }) => status).filter((status, at, all) => status !== all[at - 1])
}

function firstSecond(moments: readonly ScriptedMoment[], status: LagStatus): number {
  return moments.find((moment) => moment.status === status)!.atSecond
}

describe('no alarm', () => {
  test.each<[string, Script]>([
    ['a topic that is idle for an hour', { seconds: 3_600, produced: until(10, 1), handled: () => 1 }],
    ['an idle topic whose group has no members', { ...steady, produced: () => 0, members: () => 0 }],
    ['the first message after a quiet night, slowly handled', firstAfterIdle(50)],
    ['a message every three minutes', { ...steady, produced: (s) => (s % 180 === 0 ? 1 : 0), commitEverySeconds: 15 }],
    ['commits every two minutes', { ...steady, seconds: 3_600, commitEverySeconds: 120 }],
    ['commits every four minutes', { ...steady, seconds: 3_600, commitEverySeconds: 240 }],
    ['bursts that take half a minute', { ...steady, produced: (s) => (s % 90 < 5 ? 1_000 : 0), seconds: 3_600 }],
    ['bursts without a pause between', { ...steady, produced: (s) => (s % 60 < 10 ? 1_100 : 10), seconds: 3_600 }],
    ['steady traffic with a constant lag', { ...steady, handled: (s) => (s === 30 ? 0 : 100) }],
    ['catching up with a large backlog', { ...steady, produced: until(1, 500_000, 100), handled: () => 2_000 }],
    ['pauses of one and then two minutes, worked off', { ...steady, handled: pausing }],
    ['falling behind, but within what is normal', { ...steady, handled: until(120, 200, 99) }],
    [
      'a restart of half a minute',
      { ...steady, handled: unavailableBetween(200, 230), members: unavailableBetween(200, 230, 1) },
    ],
  ])('%s', (_name, script) => {
    expect(course(script)).toEqual(['OK'])
  })
})

function firstAfterIdle(handlingSeconds: number): Script {
  const arrives = 3_000
  return {
    seconds: 3_600,
    produced: (s) => (s < 10 || s === arrives ? 1 : 0),
    handled: (s) => (s < arrives || s > arrives + handlingSeconds ? 1 : 0),
  }
}

function unavailableBetween(from: number, to: number, otherwise = 200) {
  return (s: number) => (s >= from && s < to ? 0 : otherwise)
}

function pausing(s: number): number {
  return (s >= 100 && s < 150) || (s >= 250 && s < 370) ? 0 : 200
}

describe('what is wrong', () => {
  test('a stopped group: no members, known within seventy seconds', () => {
    const moments = play({ ...steady, handled: until(300, 200), members: until(300, 2) })
    expect(statuses(moments)).toEqual(['OK', 'STOP'])
    expect(firstSecond(moments, 'STOP')).toBeLessThanOrEqual(370)
  })

  test('a group that was stopped before the monitor looked', () => {
    const moments = play({ ...steady, produced: until(1, 50), handled: () => 0, members: () => 0 })
    expect(statuses(moments)).toEqual(['OK', 'STOP'])
    expect(firstSecond(moments, 'STOP')).toBeLessThanOrEqual(70)
  })

  test('a group that has stalled on one record, with its members', () => {
    const moments = play({ ...steady, produced: until(301, 100), handled: until(300, 200), members: () => 2 })
    expect(statuses(moments)).toEqual(['OK', 'STALL'])
    expect(firstSecond(moments, 'STALL')).toBeLessThanOrEqual(370)
  })

  test('a first message after a quiet night that is never handled', () => {
    expect(course({ ...firstAfterIdle(9_999), seconds: 3_600 })).toEqual(['OK', 'STALL'])
  })

  test('a group whose members are not known, silent for a whole window', () => {
    const script = { ...steady, seconds: 1_200, handled: until(300, 200), members: () => null }
    expect(course(script)).toEqual(['OK', 'STOP'])
  })

  test('a rewound group, until it is back where it was', () => {
    const reset = (s: number): number | undefined => (s === 300 ? 0 : undefined)
    const moments = play({ ...steady, handled: () => 500, reset })
    expect(statuses(moments)).toEqual(['OK', 'REWIND', 'OK'])
    const back = moments.find(({ atSecond, status }) => atSecond > 305 && status === 'OK')!
    expect(back.currentOffset).toBeGreaterThanOrEqual(30_000)
  })

  test('retention overtakes a group: lost records are counted, and LOSS ends when the group goes on', () => {
    const moments = play({ ...steady, handled: until(100, 200, 1), kept: until(400, 1e9, 5_000) })
    expect(statuses(moments).at(-1)).toBe('LOSS')
    expect(moments.at(-1)!.lostRecords).toBeGreaterThan(30_000)
    expect(statuses(moments.filter(({ atSecond }) => atSecond < 400))).not.toContain('LOSS')
  })

  test('falling behind: a warning once it is beyond what is normal', () => {
    const moments = play({ ...steady, handled: until(120, 200, 60) })
    expect(statuses(moments)).toEqual(['OK', 'WARN'])
    expect(moments.at(-1)!.trend!.direction).toBe('growing')
    expect(moments.at(-1)!.trend!.perSecond).toBeCloseTo(40, 0)
  })
})

test('levels are of the amount alone, and trends predict when a backlog will be gone', () => {
  const moments = play({ ...steady, produced: until(1, 150_000, 100), handled: () => 600 })
  expect(
    moments.map(({ lag, seconds }) => lagLevel(lag, seconds)).filter((level, at, all) => level !== all[at - 1]),
  ).toEqual(['critical', 'warning', 'normal'])
  const during = moments.find(({ atSecond }) => atSecond === 200)!
  expect(during.trend!.direction).toBe('shrinking')
  expect(during.trend!.caughtUpAfterSeconds! / (during.lag / 500)).toBeCloseTo(1, 1)
})
