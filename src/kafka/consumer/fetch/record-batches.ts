import type { ConsumedRecord } from '../../wire/record-batch-decode.ts'
import type { AssignedPartition, HeldRecord } from '../assigned-partition.ts'
import type { Dispatcher, GiveUp, GivingUp } from '../lanes/dispatcher.ts'
import { Fifo } from '../lanes/fifo.ts'
import { SLOW_MS } from '../lanes/lanes.ts'
import { DONE, type SettledOutcome } from '../outcome.ts'
import type { RecordState } from '../record-state.ts'

export interface BatchOptions {
  readonly recordsMax: number
  /**
   * Handles records of several partitions, each partition's in order. Returns an outcome for each record, or none at
   * all when every one is done. Throwing means that none can be taken as done.
   */
  readonly handle: (
    records: readonly ConsumedRecord[],
    states: readonly RecordState[],
  ) => Promise<readonly SettledOutcome[]>
  readonly giveUp?: GiveUp | undefined
  /** Called when a record is done, so that a partition that was full may be fetched again. */
  readonly completed: (partition: AssignedPartition) => void
  /** Whether handlers may begin: not while the partitions may already be another member's. */
  readonly mayBegin: () => boolean
  readonly failed: (error: unknown, records: number, failures: number) => void
  readonly backoffMsFirst: number
  readonly backoffMsMax: number
}

/**
 * Hands over records in batches, one batch at a time: what arrives meanwhile makes the next one larger, so batches grow
 * with the load by themselves. A batch that fails is tried again as it is, for as long as it takes: what fails whole
 * batches is an unavailable database, and then later records must wait as well. A record that is given back holds up
 * the batch until its time, and may be given up; a handler that does not answer at all cannot be helped here.
 */
export class RecordBatches implements Dispatcher {
  readonly lanes = 0
  readonly #options: BatchOptions
  readonly #waiting = new Fifo<HeldRecord>()
  handlingMs = 0
  handledRecords = 0
  slowRecords = 0
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

  get parked(): number {
    return this.#timer ? this.#current.length : 0
  }

  add(partition: AssignedPartition, records: readonly ConsumedRecord[]): void {
    for (const record of records) {
      const held = partition.hold(record)
      if (held) this.#waiting.push(held)
    }
    this.poke()
  }

  poke(): void {
    if (!this.#busy && this.#options.mayBegin()) void this.#next()
  }

  giveUp(held: HeldRecord, error: string): GivingUp {
    if (!this.#options.giveUp || held.callMs > 0) return 'impossible'
    if (held.givenUp !== null || !this.#current.includes(held)) return 'begun'
    held.givenUp = error
    this.#current = this.#current.filter((each) => each !== held)
    this.#options.giveUp(held.record, error, held).then(
      () => {
        held.partition.complete(held)
        this.#options.completed(held.partition)
      },
      (cause: unknown) => this.#takeBack(held, cause),
    )
    return 'begun'
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
    while (!this.#stopped && this.#options.mayBegin()) {
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
    const beganMs = performance.now()
    for (const held of batch) held.called(beganMs)
    try {
      const outcomes = await this.#options.handle(
        batch.map((held) => held.record),
        batch,
      )
      this.#failures = 0
      return this.#settle(batch, outcomes)
    } catch (error) {
      this.#failures++
      this.#options.failed(error, batch.length, this.#failures)
      // What fails them all is no single record's fault.
      for (const held of batch) held.excuse()
      const { backoffMsFirst, backoffMsMax } = this.#options
      return Date.now() + Math.min(backoffMsMax, backoffMsFirst * 2 ** (this.#failures - 1))
    } finally {
      this.handlingMs += performance.now() - beganMs
      this.handledRecords += batch.length
      for (const held of batch) held.answered()
      for (const partition of partitions) partition.ended()
      this.#current = this.#current.filter(({ partition }) => partition.active || partition.doneBuffered)
    }
  }

  #settle(batch: readonly HeldRecord[], outcomes: readonly SettledOutcome[]): number | null {
    const undone = new Set<HeldRecord>()
    const nowMs = performance.now()
    let retryAtMs: number | null = null
    for (const [index, held] of batch.entries()) {
      const outcome = outcomes[index] ?? DONE
      if (outcome.kind === 'done') {
        if (nowMs - held.handedMs > SLOW_MS) this.slowRecords++
        held.partition.complete(held)
        continue
      }
      if (outcome.kind === 'retry') held.failures++
      else held.excuse()
      held.detach()
      undone.add(held)
      const atMs = outcome.kind === 'pause' ? outcome.untilMs : outcome.atMs
      retryAtMs = retryAtMs === null ? atMs : Math.min(retryAtMs, atMs)
    }
    for (const partition of new Set(batch.map((held) => held.partition))) this.#options.completed(partition)
    this.#current = this.#current.filter((held) => undone.has(held))
    return retryAtMs
  }

  #takeBack(held: HeldRecord, cause: unknown): void {
    this.#options.failed(cause, 1, held.failures + 1)
    held.givenUp = null
    if (!held.partition.active) return
    this.#current.unshift(held)
    this.poke()
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
