/** A server needs so much to recover: a segment of PostgreSQL's log, the indexes of Kafka's partitions. */
export const START_BYTES_MIN = 64 * 1024 * 1024
const WAIT_MS_FIRST = 250
const WAIT_MS_MAX = 10_000
const ROOM_LOOK_MS = 1_000

export interface RestartLimits {
  readonly restartsMax: number
  readonly windowMs: number
}

export type NextStart =
  | { readonly kind: 'start'; readonly waitMs: number; readonly restart: number }
  /** It was started too often of late; the window has room again after `waitMs`. */
  | { readonly kind: 'spent'; readonly waitMs: number }
  /** It would only end again: check for free space after `waitMs`. */
  | { readonly kind: 'no-room'; readonly waitMs: number }

/**
 * When a server that has died is started again, from the times of its restarts before. It never is given up for good:
 * the others go on without it, and what stopped it (a disk, a limit, memory) may pass. A full disk uses up no restart.
 * `freeBytes` is null where the disk does not say.
 */
export function nextStart(
  restartsMs: readonly number[],
  nowMs: number,
  freeBytes: number | null,
  limits: RestartLimits,
): NextStart {
  if (freeBytes !== null && freeBytes < START_BYTES_MIN) return { kind: 'no-room', waitMs: ROOM_LOOK_MS }
  const recent = restartsMs.filter((ms) => ms > nowMs - limits.windowMs)
  const earliest = recent[0]
  if (earliest !== undefined && recent.length >= limits.restartsMax) {
    return { kind: 'spent', waitMs: earliest + limits.windowMs - nowMs }
  }
  return {
    kind: 'start',
    waitMs: Math.min(WAIT_MS_MAX, WAIT_MS_FIRST * 2 ** recent.length),
    restart: recent.length + 1,
  }
}
