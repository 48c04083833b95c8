import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { AssignedPartition, HeldRecord } from './assigned-partition.ts'
import type { Dispatcher } from './dispatcher.ts'
import { Fifo } from './fifo.ts'
import type { SettledOutcome } from './outcome.ts'
import { Parking } from './parking.ts'

export interface LaneOptions {
  /** Records with the same lane are handled one after another; null: no order is asked for. */
  readonly laneOf: (record: ConsumedRecord) => string | null
  /** Handlers under way at once. */
  readonly concurrencyMax: number
  readonly handle: (record: ConsumedRecord) => Promise<SettledOutcome>
  /** Called whenever a record is completed, so that a full partition may be fetched again. */
  readonly completed: (held: HeldRecord) => void
  /** What a handler throws is a fault in the middleware chain: the record is tried again after this time. */
  readonly faultBackoffMs: number
  readonly fault: (error: unknown, record: ConsumedRecord) => void
}

/**
 * Records with the same key, in the order of their offsets.
 * - ready: has records, none being handled; stands in the line of lanes to be served.
 * - busy: its first record is being handled; its others wait.
 * - parked: its first record is to be tried again later; its others wait with it, and other lanes go on.
 * A lane without records is forgotten, so that memory follows the records in hand and not the keys ever seen.
 */
interface Lane {
  readonly name: string
  readonly partition: AssignedPartition
  readonly records: Fifo<HeldRecord>
  dropped: boolean
}

/** Runs many records of a partition at once while each key keeps its order. */
export class Lanes implements Dispatcher {
  readonly #options: LaneOptions
  readonly #lanes = new Map<AssignedPartition, Map<string, Lane>>()
  readonly #ready = new Fifo<Lane>()
  readonly #parking: Parking<Lane>
  #running = 0
  #held = 0
  #anonymous = 0
  #pausedUntilMs = 0
  #stopped = false

  constructor(options: LaneOptions) {
    this.#options = options
    this.#parking = new Parking((lane) => this.#wake(lane))
  }

  get held(): number {
    return this.#held
  }

  get running(): number {
    return this.#running
  }

  get parked(): number {
    return this.#parking.size
  }

  add(records: readonly HeldRecord[]): void {
    for (const held of records) {
      const lane = this.#laneFor(held)
      lane.records.push(held)
      this.#held++
      if (lane.records.length === 1) this.#ready.push(lane)
    }
    this.#pump()
  }

  drop(partition: AssignedPartition): void {
    for (const lane of this.#lanes.get(partition)?.values() ?? []) {
      lane.dropped = true
      this.#held -= lane.records.length
    }
    this.#lanes.delete(partition)
  }

  stop(): void {
    this.#stopped = true
    this.#parking.clear()
  }

  #laneFor(held: HeldRecord): Lane {
    const { partition, record } = held
    let lanes = this.#lanes.get(partition)
    if (!lanes) {
      lanes = new Map()
      this.#lanes.set(partition, lanes)
    }
    const name = this.#options.laneOf(record) ?? `#${this.#anonymous++}`
    let lane = lanes.get(name)
    if (!lane) {
      lane = { name, partition, records: new Fifo(), dropped: false }
      lanes.set(name, lane)
    }
    return lane
  }

  #pump(): void {
    if (this.#pausedUntilMs > Date.now()) return
    while (this.#running < this.#options.concurrencyMax && !this.#stopped) {
      const lane = this.#ready.shift()
      if (!lane) return
      if (!lane.dropped) void this.#run(lane)
    }
  }

  /** The record stays first in its lane until it is done, so a lane with records and not in the line is taken. */
  async #run(lane: Lane): Promise<void> {
    const held = lane.records.peek()!
    this.#running++
    lane.partition.started()
    let outcome: SettledOutcome
    try {
      outcome = await this.#options.handle(held.record)
    } catch (error) {
      this.#options.fault(error, held.record)
      outcome = { kind: 'retry', atMs: Date.now() + this.#options.faultBackoffMs }
    }
    this.#running--
    this.#settle(lane, held, outcome)
    lane.partition.ended()
    this.#pump()
  }

  #settle(lane: Lane, held: HeldRecord, outcome: SettledOutcome): void {
    if (outcome.kind === 'done') {
      lane.partition.complete(held)
      if (!lane.dropped) this.#advance(lane)
      this.#options.completed(held)
      return
    }
    if (lane.dropped) return
    if (outcome.kind === 'retry') {
      held.record.failures++
      this.#parking.park(lane, outcome.atMs)
    } else {
      this.#pause(outcome.untilMs)
      this.#ready.unshift(lane)
    }
  }

  #advance(lane: Lane): void {
    lane.records.shift()
    this.#held--
    if (lane.records.length > 0) this.#ready.push(lane)
    else this.#lanes.get(lane.partition)?.delete(lane.name)
  }

  #wake(lane: Lane): void {
    if (lane.dropped) return
    this.#ready.push(lane)
    this.#pump()
  }

  #pause(untilMs: number): void {
    if (untilMs <= this.#pausedUntilMs) return
    this.#pausedUntilMs = untilMs
    setTimeout(() => this.#pump(), Math.max(0, untilMs - Date.now()) + 1).unref()
  }
}
