import { inspect } from 'node:util'

const POLL_MS = 100
const WAIT_MS_MAX = 60_000
/** What an error shows of the last value: a failing run's log must stay readable. */
const SHOWN_CHARACTERS_MAX = 2_000

/** What `look` returned last did not satisfy, and the time is up. */
export class NeverHappenedError extends Error {
  override readonly name = 'NeverHappenedError'

  constructor(what: string, msMax: number, looks: number, seen: unknown) {
    const shown = inspect(seen, { depth: 5, maxStringLength: SHOWN_CHARACTERS_MAX }).slice(0, SHOWN_CHARACTERS_MAX)
    super(`waited ${msMax} ms for: ${what}\nlast seen (look ${looks}): ${shown}`)
  }
}

/**
 * Calls `look` every 100 ms until `satisfies` holds for its value, and returns that value. Throws NeverHappenedError,
 * which names `what` and shows the last value, when that takes longer than `msMax` (60 s); what `look` throws is
 * thrown.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  satisfies: (seen: T) => boolean,
  msMax = WAIT_MS_MAX,
): Promise<T> {
  const deadlineMs = performance.now() + msMax
  for (let looks = 1; ; looks++) {
    const seen = await look()
    if (satisfies(seen)) return seen
    if (performance.now() > deadlineMs) throw new NeverHappenedError(what, msMax, looks, seen)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
