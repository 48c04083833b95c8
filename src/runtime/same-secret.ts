import { hash, timingSafeEqual } from 'node:crypto'

/** Whether two secrets are the same, in a time that reveals nothing of how much of them is. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'))
}
