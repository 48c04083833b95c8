/** Something that gets its share of the numbers. A weight of 0 comes after all others. */
export interface Weighted {
  readonly weight: number
  /** Of its name, by `hashOf`. */
  readonly hash: number
}

/**
 * The order in which a number tries some targets: each comes first for its weight's share of all numbers, and the rest
 * follow likewise among themselves. The same number has the same order each time, so its messages take one route and
 * keep their order; and when a target is removed, only its own numbers move to another. Weighted rendezvous hashing:
 * the target with the least -ln(u) / weight goes first.
 */
export function weightedOrder<Target extends Weighted>(
  targets: readonly Target[],
  numberHash: number,
): readonly Target[] {
  if (targets.length === 1) return targets
  const scored = targets.map((target) => {
    const u = (mix(numberHash ^ target.hash) + 0.5) / 2 ** 32
    return { target, score: target.weight === 0 ? Number.POSITIVE_INFINITY : -Math.log(u) / target.weight }
  })
  return scored.sort((a, b) => (a.score === b.score ? 0 : a.score - b.score)).map(({ target }) => target)
}

/** FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** The finaliser of MurmurHash3, twice: neighbouring numbers must not have neighbouring draws. */
function mix(value: number): number {
  for (let round = 0; round < 2; round++) {
    value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
    value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
    value ^= value >>> 16
  }
  return value >>> 0
}
