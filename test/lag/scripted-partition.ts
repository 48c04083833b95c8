import { groupReports } from '../../src/monitor/lag/group-report.ts'
import { LagHistory, type LagReport } from '../../src/monitor/lag/lag-history.ts'
import { partitionName } from '../../src/monitor/lag/read-lag.ts'

/** What happens to a partition and its group, second by second; `s` counts from 0. */
export interface Script {
  readonly seconds: number
  readonly produced: (s: number) => number
  /** Records that the group can handle in that second. */
  readonly handled: (s: number) => number
  readonly commitEverySeconds?: number
  readonly members?: (s: number) => number | null
  /** Records that retention keeps. */
  readonly kept?: (s: number) => number
  /** The offset that the group is reset to in that second. */
  readonly reset?: (s: number) => number | undefined
}

export interface ScriptedMoment extends LagReport {
  readonly atSecond: number
  /** The age of the next record that the group has not committed; 0 when nothing waits. */
  readonly trueSeconds: number
}

const SAMPLE_SECONDS = 5
const WINDOW_MS = 300_000
const GROUP = 'group'
const TOPIC = 'topic'

/** Plays a script and returns what the monitor says at each of its samples. */
export function play(script: Script): ScriptedMoment[] {
  const { commitEverySeconds = 1, members = () => 1, kept = () => Number.POSITIVE_INFINITY, reset } = script
  const history = new LagHistory(WINDOW_MS)
  const producedAt: number[] = []
  const moments: ScriptedMoment[] = []
  let position = 0
  let committed = 0
  for (let s = 0; s < script.seconds; s++) {
    const count = script.produced(s)
    for (let n = 0; n < count; n++) producedAt.push(s + n / count)
    position = Math.min(producedAt.length, position + script.handled(s))
    if (script.handled(s) > 0 && s % commitEverySeconds === 0) committed = position
    const to = reset?.(s)
    if (to !== undefined) {
      committed = to
      position = to
    }
    if (s % SAMPLE_SECONDS !== 0) continue
    const end = producedAt.length
    const lag = {
      group: GROUP,
      topic: TOPIC,
      partition: 0,
      currentOffset: committed,
      logStartOffset: Math.max(0, end - kept(s)),
      logEndOffset: end,
      lag: end - committed,
    }
    const group = { groupId: GROUP, state: 'Stable', protocol: 'classic' as const, members: members(s) }
    history.add({
      atMs: (s + 1) * 1_000,
      groups: [group],
      lags: [lag],
      partitions: [lag],
      leaderless: new Set<string>([partitionName({ topic: 'other', partition: 0 })]),
    })
    const report = groupReports(history)[0]!.furthest!
    const next = Math.max(lag.currentOffset, lag.logStartOffset)
    moments.push({ ...report, atSecond: s, trueSeconds: lag.lag === 0 ? 0 : s + 1 - (producedAt[next] ?? s + 1) })
  }
  return moments
}
