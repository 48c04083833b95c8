const EVERY_MS = 500
const WAIT_MS_MAX = 120_000

/**
 * Does what a fault needs of servers that may still feel the fault before it. Tries again for two minutes, then throws
 * what the last attempt threw. `work` must be harmless when it is done twice.
 */
export async function insist<T>(work: () => Promise<T>): Promise<T> {
  const giveUpMs = performance.now() + WAIT_MS_MAX
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() > giveUpMs) throw error
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    }
  }
}
