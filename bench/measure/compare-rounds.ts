/** One figure over several rounds: its middle, and how far rounds lay from it. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

/** Ours to theirs, round by round: what slows the machine for a while slows both of a round, and cancels out. */
export function ratioOfRounds(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length || ours.length === 0) throw new RangeError('both must have run in every round')
  return spread(ours.map((value, round) => value / theirs[round]!))
}
