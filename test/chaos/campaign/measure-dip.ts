import type { LoadSample } from '../load/load-client.ts'

/** What clients noticed of a fault, from its beginning until a while after its end. */
export interface Dip {
  readonly accepted: number
  /** Tries that were not accepted, by status; 0 is no answer. */
  readonly refused: Readonly<Record<string, number>>
  /** The longest time in which nothing was accepted. */
  readonly silentMs: number
  /** The longest that an accepted post took since it was due. */
  readonly slowestMs: number
}

export function measureDip(samples: readonly LoadSample[], fromMs: number, toMs: number): Dip {
  const refused: Record<string, number> = {}
  let accepted = 0
  let silentMs = 0
  let slowestMs = 0
  let lastMs = fromMs
  for (const { atMs, status, latencyMs } of samples) {
    if (atMs < fromMs || atMs > toMs) continue
    if (status !== 202) {
      refused[status] = (refused[status] ?? 0) + 1
      continue
    }
    accepted++
    silentMs = Math.max(silentMs, atMs - lastMs)
    slowestMs = Math.max(slowestMs, latencyMs)
    lastMs = atMs
  }
  return { accepted, refused, silentMs: Math.max(silentMs, toMs - lastMs), slowestMs }
}
