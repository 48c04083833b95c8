export interface ProgressSample {
  readonly atMs: number
  readonly done: number
}

/**
 * Reads again and again how much is done, until it is enough or the time is up. Returns what it read, and whether it
 * was enough.
 */
export async function watchProgress(options: {
  readonly read: () => Promise<number>
  /** What is enough; it may grow while one waits. */
  readonly enough: () => number
  readonly everyMs: number
  readonly msMax: number
  readonly notify: (done: number) => void
}): Promise<{ samples: ProgressSample[]; finished: boolean }> {
  const startMs = Date.now()
  const samples: ProgressSample[] = []
  while (true) {
    const done = await options.read()
    samples.push({ atMs: Date.now(), done })
    options.notify(done)
    if (done >= options.enough()) return { samples, finished: true }
    if (Date.now() - startMs > options.msMax) return { samples, finished: false }
    await new Promise((resolve) => setTimeout(resolve, options.everyMs))
  }
}

/** What was done in a second, between each sample and the one before it, by the seconds since `startMs`. */
export function ratesOf(samples: readonly ProgressSample[], startMs: number): [seconds: number, perSecond: number][] {
  return samples.slice(1).map(({ atMs, done }, index) => {
    const before = samples[index]!
    return [(atMs - startMs) / 1_000, ((done - before.done) * 1_000) / (atMs - before.atMs)]
  })
}
