import { partitionOfKey } from '../kafka/wire/murmur2.ts'

/** A key that gets another partition when a topic grows. */
export interface MovedKey {
  readonly key: string
  readonly from: number
  readonly to: number
}

/**
 * The share of all keys, 0 to 1, whose partition changes when a topic grows. A key stays when its hash leaves the same
 * rest by both counts; the rests repeat after their least common multiple, and of every such round as many stay as
 * there were partitions. From 30 to 60 half of the keys move, from 30 to 40 three quarters.
 */
export function movedShare(from: number, to: number): number {
  const leastCommonMultiple = (from * to) / greatestCommonDivisor(from, to)
  return 1 - from / leastCommonMultiple
}

/** Those of the keys that move, by the partitioner that every producer here uses. */
export function movedKeys(keys: readonly string[], from: number, to: number): MovedKey[] {
  return keys
    .map((key) => ({ key, from: partitionOfKey(key, from), to: partitionOfKey(key, to) }))
    .filter((moved) => moved.from !== moved.to)
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
