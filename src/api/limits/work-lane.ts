import { setImmediate as nextServed } from 'node:timers/promises'
import { sleep } from '../../runtime/backoff.ts'

/** How long one piece of work may keep the event loop from everything else. */
const SLICE_MS = 1

interface Job {
  /** Does the next item; returns whether that was the last one. */
  readonly step: () => boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Where requests do work that would keep the event loop busy, as checking a batch of long texts does: in slices of a
 * millisecond, of which at most one runs at a time, with a pause between two, and customer by customer. So what a
 * greedy customer has to wait for is its own work.
 */
export class WorkLane {
  /** Customers with work, in the order in which they are served. */
  readonly #customers = new Map<string, Job[]>()
  #running: Promise<void> | null = null

  /** The results of `work` for each item, in order. The first slice is done at once; a short list needs no other. */
  async map<Item, Result>(
    customerId: string,
    items: readonly Item[],
    work: (item: Item, index: number) => Result,
  ): Promise<Result[]> {
    const results: Result[] = []
    const step = (): boolean => {
      if (results.length < items.length) results.push(work(items[results.length]!, results.length))
      return results.length === items.length
    }
    if (!this.#customers.has(customerId) && runSlice(step)) return results
    await new Promise<void>((resolve, reject) => {
      const jobs = this.#customers.get(customerId) ?? []
      jobs.push({ step, resolve, reject })
      this.#customers.set(customerId, jobs)
      this.#running ??= this.#run()
    })
    return results
  }

  async #run(): Promise<void> {
    await nextServed()
    for (let first = this.#customers.entries().next().value; first; first = this.#customers.entries().next().value) {
      const [customerId, jobs] = first
      const job = jobs[0]!
      this.#customers.delete(customerId)
      let isDone = true
      try {
        isDone = runSlice(job.step)
        if (isDone) job.resolve()
      } catch (error) {
        job.reject(error)
      }
      if (isDone) jobs.shift()
      if (jobs.length > 0) this.#customers.set(customerId, jobs)
      // A timer, not the next tick: other work gets as much of the loop as this.
      await sleep(SLICE_MS)
    }
    this.#running = null
  }
}

/** Returns whether the work is done. */
function runSlice(step: () => boolean): boolean {
  const endMs = performance.now() + SLICE_MS
  do {
    if (step()) return true
  } while (performance.now() < endMs)
  return false
}
