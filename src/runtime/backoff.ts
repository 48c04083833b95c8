/** A waiting time that doubles with each failure up to a limit, spread over its upper half so that clients do not act in step. */
export function backoffMs(failures: number, firstMs: number, msMax: number, random = Math.random): number {
  return Math.min(msMax, firstMs * 2 ** Math.max(0, failures - 1)) * (0.5 + random() / 2)
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
