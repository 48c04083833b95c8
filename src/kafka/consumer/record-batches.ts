import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { AssignedPartition, HeldRecord } from './assigned-partition.ts'
import type { Dispatcher } from './dispatcher.ts'
import { Fifo } from './fifo.ts'
import { DONE, type SettledOutcome } from './outcome.ts'

export interface BatchOptions {
  readonly recordsMax: number
  /**
   * Handles records of several partitions, each partition's in order. Returns an outcome for each record, or none at
   * all when every one is done. Throwing means that none can be taken as done.
   */
  readonly handle: (records: readonly ConsumedRecord[]) => Promise<readonly SettledOutcome[]>
  readonly completed: (held: HeldRecord) => void
  readonly failed: (error: unknown, records: number, failures: number) => void
  readonly backoffMsFirst: number
  readonly backoffMsMax: number
}

/**
 * Hands over records in batches, one batch at a time: what arrives meanwhile makes the next one larger, so batches
 * grow with the load by themselves. A batch that fails is tried again as it is, for as long as it takes: what fails
 * whole batches is a database that is away, and then later records must wait as well.
 */
export class RecordBatches implements Dispatcher {
  readonly #options: BatchOptions
  readonly #waiting = new Fifo<HeldRecord>()
  #current: HeldRecord[] = []
  #failures = 0
  /** A batch is being handled, or waits for its next try. */
  #busy = false
  #timer: NodeJS.Timeout | null = null
  #stopped = false

  constructor(options: BatchOptions) {
    this.#options = options
  }

  get held(): number {
    return this.#waiting.length + this.#current.length
  }

  add(records: readonly HeldRecord[]): void {
    for (const held of records) this.#waiting.push(held)
    if (!this.#busy) void this.#next()
  }

  drop(partition: AssignedPartition): void {
    this.#waiting.keep((held) => held.partition !== partition)
    if (this.#timer) this.#current = this.#current.filter((held) => held.partition !== partition)
  }

  stop(): void {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
  }

  async #next(): Promise<void> {
    this.#busy = true
    while (!this.#stopped) {
      while (this.#current.length < this.#options.recordsMax && this.#waiting.length > 0) {
        this.#current.push(this.#waiting.shift()!)
      }
      if (this.#current.length === 0) break
      const retryAtMs = await this.#run(this.#current)
      if (retryAtMs !== null) {
        this.#resumeAt(retryAtMs)
        return
      }
    }
    this.#busy = false
  }

  /** Runs a batch; what is not done stays current. Returns when to try again, or null to go on. */
  async #run(batch: readonly HeldRecord[]): Promise<number | null> {
    const partitions = new Set(batch.map((held) => held.partition))
    for (const partition of partitions) partition.started()
    try {
      const outcomes = await this.#options.handle(batch.map((held) => held.record))
      this.#failures = 0
      return this.#settle(batch, outcomes)
    } catch (error) {
      this.#failures++
      this.#options.failed(error, batch.length, this.#failures)
      const { backoffMsFirst, backoffMsMax } = this.#options
      return Date.now() + Math.min(backoffMsMax, backoffMsFirst * 2 ** (this.#failures - 1))
    } finally {
      for (const partition of partitions) partition.ended()
      this.#current = this.#current.filter((held) => held.partition.active)
    }
  }

  #settle(batch: readonly HeldRecord[], outcomes: readonly SettledOutcome[]): number | null {
    const undone: HeldRecord[] = []
    let retryAtMs: number | null = null
    for (const [index, held] of batch.entries()) {
      const outcome = outcomes[index] ?? DONE
      if (outcome.kind === 'done') {
        held.partition.complete(held)
        this.#options.completed(held)
        continue
      }
      held.record.failures++
      undone.push(held)
      const atMs = outcome.kind === 'retry' ? outcome.atMs : outcome.untilMs
      retryAtMs = retryAtMs === null ? atMs : Math.min(retryAtMs, atMs)
    }
    this.#current = undone
    return retryAtMs
  }

  #resumeAt(atMs: number): void {
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        void this.#next()
      },
      Math.max(0, atMs - Date.now()),
    )
  }
}
