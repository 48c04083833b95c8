/**
 * How a group does, judged by what was seen of it on a timer. The rules are Burrow's (`core/internal/evaluator`,
 * LinkedIn), changed where its users were misled: lag counts from the end of the log now, not from the last commit;
 * a window is a time, not a number of commits; members are queried, so silence alone is not taken for a stop.
 *
 * The first that holds:
 * - LOSS: retention has removed records that the group has not read.
 * - OK: nothing is waiting.
 * - REWIND: the group's offset is below an earlier one in the window, and has not come back to it.
 * - STOP: records wait, nothing moves, and the group has no members; or its members are not known, for a window.
 * - STALL: it has members, records wait, and its offset does not move.
 * - WARN: it moves, falls further behind all the time, and the lag of its group is beyond normal.
 * - OK.
 *
 * Waiting counts from the last time that the offset moved or nothing waited, so that the first record after a quiet
 * night is not held against the group. How long it may take is learned from its own pace: three times the longest it
 * took in the window, at least a minute, at most the window; and the window while the pace is not known. Without
 * members and without any move there is no pace to learn, and it is a minute.
 */
export type LagStatus = 'OK' | 'WARN' | 'STOP' | 'STALL' | 'REWIND' | 'LOSS'

/** As in Burrow's metric, where 0 is an unknown group and 3 any error; LOSS is ours. */
export const STATUS_CODES: Readonly<Record<LagStatus, number>> = {
  OK: 1,
  WARN: 2,
  STOP: 4,
  STALL: 5,
  REWIND: 6,
  LOSS: 7,
}

/** In the order in which they are worse; the index is the value of `smsgw_consumergroup_lag_level`. */
export const LAG_LEVELS = ['normal', 'warning', 'critical'] as const

export type LagLevel = (typeof LAG_LEVELS)[number]

/** How far a consumer group is behind, as a whole. */
export interface GroupLag {
  /** Records of all its partitions. */
  readonly lag: number
  /** Of the partition that is furthest behind in time; null when no partition's is known. */
  readonly seconds: number | null
  readonly level: LagLevel
}

export interface OffsetSample {
  readonly atMs: number
  readonly currentOffset: number
  readonly logStartOffset: number
  readonly logEndOffset: number
}

export interface Judgement {
  readonly status: LagStatus
  /** False while the samples do not reach far enough back to call something other than OK. */
  readonly isCertain: boolean
}

/** Records of a whole group: `warning` from here on. */
export const LAG_WARNING = 10_000
/** Records of a whole group: `critical` above this. */
export const LAG_CRITICAL = 100_000
/** Seconds of a group's worst partition: `warning` from here on. */
export const SECONDS_WARNING = 10
/** Seconds of a group's worst partition: `critical` from here on. */
export const SECONDS_CRITICAL = 90

const PATIENCE_MS_MIN = 60_000
const PATIENCE_PACES = 3
const FALLING_MS_MIN = 60_000
const FALLING_PARTS = 4
/** In fewer of the parts the offset may move for a group that commits rarely, or works off what a pause has left. */
const MOVING_PARTS_MIN = 3

/**
 * A group is judged by the sum of its partitions' records and by the worst partition's seconds: a backlog of 200,000 is
 * as large in one partition as spread over thirty, while one record that waits too long is late wherever it is.
 */
export function judgeGroup(partitions: readonly { readonly lag: number; readonly seconds: number | null }[]): GroupLag {
  const lag = partitions.reduce((sum, each) => sum + each.lag, 0)
  const known = partitions.flatMap(({ seconds }) => (seconds === null ? [] : [seconds]))
  const seconds = known.length === 0 ? null : Math.max(...known)
  return { lag, seconds, level: lagLevel(lag, seconds) }
}

export function worstLevel(levels: readonly LagLevel[]): LagLevel {
  return LAG_LEVELS[Math.max(0, ...levels.map((level) => LAG_LEVELS.indexOf(level)))]!
}

/** How bad a status is by itself: as the severity of its alert. */
export function statusLevel(status: LagStatus): LagLevel {
  if (status === 'STOP' || status === 'STALL' || status === 'LOSS') return 'critical'
  return status === 'OK' ? 'normal' : 'warning'
}

/** The level of a lag, apart from how it moves. Null seconds are not known. */
export function lagLevel(lag: number, seconds: number | null): LagLevel {
  if (lag > LAG_CRITICAL || (seconds ?? 0) >= SECONDS_CRITICAL) return 'critical'
  if (lag >= LAG_WARNING || (seconds ?? 0) >= SECONDS_WARNING) return 'warning'
  return 'normal'
}

export function worstStatus(statuses: readonly LagStatus[]): LagStatus {
  return statuses.reduce<LagStatus>((worst, each) => (STATUS_CODES[each] > STATUS_CODES[worst] ? each : worst), 'OK')
}

/**
 * Judges a group in a partition by its samples, oldest first, at least one. `members` is null when it is not known,
 * `level` is the whole group's.
 */
export function judgePartition(
  samples: readonly OffsetSample[],
  members: number | null,
  level: LagLevel,
  windowMs: number,
): Judgement {
  const last = samples.at(-1)!
  const certainly = (status: LagStatus): Judgement => ({ status, isCertain: true })
  if (last.currentOffset < last.logStartOffset) return certainly('LOSS')
  if (lagOf(last) === 0) return certainly('OK')
  if (samples.some(({ currentOffset }) => currentOffset > last.currentOffset)) return certainly('REWIND')
  const { waitingMs, paceMs, moves } = movement(samples)
  const learnedMs = paceMs === null ? windowMs : Math.min(windowMs, Math.max(PATIENCE_MS_MIN, PATIENCE_PACES * paceMs))
  const patienceMs = members === 0 && moves === 0 ? PATIENCE_MS_MIN : learnedMs
  if (waitingMs >= patienceMs) return certainly(members === null || members === 0 ? 'STOP' : 'STALL')
  if (level !== 'normal' && fallsBehind(samples)) return certainly('WARN')
  const spanMs = last.atMs - samples[0]!.atMs
  return { status: 'OK', isCertain: spanMs >= (moves > 0 ? FALLING_MS_MIN : windowMs) }
}

export function lagOf({ logEndOffset, currentOffset }: OffsetSample): number {
  return Math.max(0, logEndOffset - currentOffset)
}

interface Movement {
  /** Since when nothing moved although something was waiting, at the last sample. */
  readonly waitingMs: number
  /** The longest that a move took while something was waiting; null when none was seen from its beginning. */
  readonly paceMs: number | null
  readonly moves: number
}

function movement(samples: readonly OffsetSample[]): Movement {
  let sinceMs = samples[0]!.atMs
  let paceMs: number | null = null
  let moves = 0
  let isBeginningSeen = false
  for (const [index, sample] of samples.entries()) {
    const hasMoved = index > 0 && sample.currentOffset > samples[index - 1]!.currentOffset
    if (hasMoved) {
      moves++
      if (isBeginningSeen) paceMs = Math.max(paceMs ?? 0, sample.atMs - sinceMs)
    }
    if (hasMoved || lagOf(sample) === 0) {
      sinceMs = sample.atMs
      isBeginningSeen = true
    }
  }
  return { waitingMs: samples.at(-1)!.atMs - sinceMs, paceMs, moves }
}

/**
 * Whether the least lag of each quarter of the time since nothing was waiting lies above that of the quarter before,
 * while the offset moves: bursts, and lags that rise from commit to commit, come down in between.
 */
function fallsBehind(samples: readonly OffsetSample[]): boolean {
  const since = samples.slice(samples.findLastIndex((sample) => lagOf(sample) === 0) + 1)
  const firstMs = since[0]!.atMs
  const spanMs = since.at(-1)!.atMs - firstMs
  if (spanMs < FALLING_MS_MIN) return false
  const least = Array<number>(FALLING_PARTS).fill(Number.POSITIVE_INFINITY)
  const moving = new Set<number>()
  for (const [index, sample] of since.entries()) {
    const part = Math.min(FALLING_PARTS - 1, Math.floor(((sample.atMs - firstMs) / spanMs) * FALLING_PARTS))
    least[part] = Math.min(least[part]!, lagOf(sample))
    if (index > 0 && sample.currentOffset > since[index - 1]!.currentOffset) moving.add(part)
  }
  const isRising = least.every((lag, part) => Number.isFinite(lag) && (part === 0 || lag > least[part - 1]!))
  return isRising && moving.size >= MOVING_PARTS_MIN
}
