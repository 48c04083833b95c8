/** How a pace was kept and used, by when submits arrived at the operator. */
export interface PaceUse {
  readonly submits: number
  /** From the first to the last. */
  readonly seconds: number
  /** The most that arrived in any second, wherever it begins. */
  readonly most: number
  /** How much of what the pace allowed in that time arrived. */
  readonly usedPercent: number
  /** The longest time in which none arrived. */
  readonly gapMsMax: number
}

/** What followed a change, up to the next one. */
export interface Stretch {
  readonly change: string
  readonly atSeconds: number
  readonly usedPercent: number
  readonly gapMsMax: number
}

const SECOND_MS = 1_000

/** Judges a pace by the arrivals, in any order, of two submits at least. */
export function judgePace(arrivalsMs: readonly number[], perSecond: number): PaceUse {
  const times = arrivalsMs.toSorted((a, b) => a - b)
  let [most, gapMsMax] = [0, 0]
  for (let first = 0, last = 0; last < times.length; last++) {
    while (times[last]! - times[first]! >= SECOND_MS) first++
    most = Math.max(most, last - first + 1)
    if (last > 0) gapMsMax = Math.max(gapMsMax, times[last]! - times[last - 1]!)
  }
  const seconds = (times.at(-1)! - times[0]!) / SECOND_MS
  // The first begins the time that is judged; what the pace allowed before it is not in it.
  const usedPercent = (100 * (times.length - 1)) / (perSecond * seconds)
  return { submits: times.length, seconds, most, usedPercent, gapMsMax }
}

/** How the pace was used after each change, so that the cost of the changes is visible. */
export function judgeStretches(
  arrivalsMs: readonly number[],
  perSecond: number,
  changes: readonly { readonly change: string; readonly atMs: number }[],
): Stretch[] {
  const times = arrivalsMs.toSorted((a, b) => a - b)
  const [firstMs, lastMs] = [times[0]!, times.at(-1)!]
  return changes.map(({ change, atMs }, index) => {
    const endMs = Math.min(lastMs, changes[index + 1]?.atMs ?? lastMs)
    const within = times.filter((ms) => ms >= atMs && ms < endMs)
    const edges = [atMs, ...within, endMs]
    return {
      change,
      atSeconds: (atMs - firstMs) / SECOND_MS,
      usedPercent: (100 * within.length * SECOND_MS) / (perSecond * (endMs - atMs)),
      gapMsMax: Math.max(...edges.slice(1).map((ms, at) => ms - edges[at]!)),
    }
  })
}

/**
 * Seconds from a moment to the end of the first second after it in which this share of the pace arrived; null: there is
 * none.
 */
export function secondsUntilUsed(
  arrivalsMs: readonly number[],
  perSecond: number,
  share: number,
  fromMs: number,
): number | null {
  const times = arrivalsMs.filter((ms) => ms >= fromMs).toSorted((a, b) => a - b)
  const wanted = Math.ceil(share * perSecond)
  const last = times.findIndex((ms, index) => index + 1 >= wanted && ms - times[index + 1 - wanted]! < SECOND_MS)
  return last === -1 ? null : (times[last]! - fromMs) / SECOND_MS
}

/** Arrivals in each second from the first on, the last, broken one left out. */
export function perSecondOf(arrivalsMs: readonly number[]): [second: number, arrivals: number][] {
  const times = arrivalsMs.toSorted((a, b) => a - b)
  const [firstMs, lastMs] = [times[0] ?? 0, times.at(-1) ?? 0]
  const counts = new Array<number>(Math.floor((lastMs - firstMs) / SECOND_MS)).fill(0)
  for (const ms of times) {
    const second = Math.floor((ms - firstMs) / SECOND_MS)
    if (second < counts.length) counts[second]!++
  }
  return counts.map((count, second) => [second, count])
}
