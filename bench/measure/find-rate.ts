export interface TriedRate {
  readonly ratePerSecond: number
  readonly held: boolean
}

export interface RateSearch {
  readonly firstRate: number
  /** How near the answer is to be, as a share of it. */
  readonly precision: number
  readonly triesMax: number
}

/** Below this part of the first rate nothing is looked for. */
const SMALLEST_PART = 8

/**
 * The rate to try next in looking for the highest that is held, or null when it is known well enough. Grows by half as
 * long as rates are held; if not even the first is, halves, three times at the most; then halves the distance between
 * the highest held and the lowest not held.
 */
export function nextRate(tried: readonly TriedRate[], { firstRate, precision, triesMax }: RateSearch): number | null {
  if (tried.length === 0) return firstRate
  if (tried.length >= triesMax) return null
  const held = highestHeld(tried)
  const notHeld = Math.min(...tried.filter((each) => !each.held).map(({ ratePerSecond }) => ratePerSecond))
  if (held === null) return notHeld > firstRate / SMALLEST_PART ? Math.round(notHeld / 2) : null
  if (notHeld === Number.POSITIVE_INFINITY) return Math.round(held * 1.5)
  if (notHeld - held <= held * precision) return null
  const middle = Math.round((held + notHeld) / 2)
  return middle > held && middle < notHeld ? middle : null
}

/** Of those that lie below every rate which was not held: above one, luck may have had its part. */
export function highestHeld(tried: readonly TriedRate[]): number | null {
  const notHeld = Math.min(...tried.filter((each) => !each.held).map(({ ratePerSecond }) => ratePerSecond))
  const held = tried.filter((each) => each.held && each.ratePerSecond < notHeld)
  return held.length === 0 ? null : Math.max(...held.map(({ ratePerSecond }) => ratePerSecond))
}
