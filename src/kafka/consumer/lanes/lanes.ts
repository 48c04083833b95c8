import type { ConsumedRecord } from '../../wire/record-batch-decode.ts'
import type { AssignedPartition, HeldRecord } from '../assigned-partition.ts'
import { HeldRecordOf } from '../held-record.ts'
import type { SettledOutcome } from '../outcome.ts'
import type { RecordState } from '../record-state.ts'
import type { Dispatcher, GiveUp, GivingUp } from './dispatcher.ts'
import { Fifo } from './fifo.ts'
import { Parking } from './parking.ts'
import type { Share } from './partition-shares.ts'
import { ReadyLanes } from './ready-lanes.ts'

/** A record is slow when it took longer than this from its first handler to its end. */
export const SLOW_MS = 10_000

export interface LaneOptions {
  /** Records with the same lane are handled one after another; null: no order is asked for. */
  readonly laneOf: (record: ConsumedRecord) => string | null
  /** Handlers under way at once. */
  readonly concurrencyMax: number
  /** An outcome that is given at once, and not as a promise, costs no more than the call. */
  readonly handle: (record: ConsumedRecord, state: RecordState) => SettledOutcome | Promise<SettledOutcome>
  readonly giveUp?: GiveUp | undefined
  readonly mayGiveUp?: ((error: string) => boolean) | undefined
  /** Called when a record is done, so that a partition that was full may be fetched again. */
  readonly completed: (partition: AssignedPartition) => void
  /** Whether handlers may begin: not while the partitions may already be another member's. */
  readonly mayBegin: () => boolean
  /** What a handler throws is a fault in the middleware chain: the record is tried again after this time. */
  readonly faultBackoffMs: number
  readonly fault: (error: unknown, state: RecordState) => void
}

/**
 * Records with the same key, in the order of their offsets.
 * - ready: has records, none being handled; is in the queue of lanes to be served.
 * - busy: its first record is being handled; its others wait.
 * - parked: its first record is to be tried again later; its others wait with it, and other lanes go on.
 *
 * A lane without records is forgotten, so that memory follows the buffered records and not the keys ever seen.
 * `attempt` is raised when the lane's first record is taken from the handler that has it: the result of an earlier
 * attempt comes too late and is ignored.
 */
interface Lane {
  /** A number where no order is asked for. */
  readonly name: string | number
  readonly partition: AssignedPartition
  readonly records: Fifo<HeldRecord>
  /** That of its first record, as of when it last became ready. */
  share: Share | null
  state: 'ready' | 'busy' | 'parked'
  attempt: number
  dropped: boolean
}

/** Runs many records of a partition at once while each key keeps its order. */
export class Lanes implements Dispatcher {
  readonly #options: LaneOptions
  readonly #lanes = new Map<AssignedPartition, Map<string | number, Lane>>()
  readonly #ready = new ReadyLanes<Lane>()
  readonly #parking: Parking<Lane>
  handlingMs = 0
  handledRecords = 0
  slowRecords = 0
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

  get lanes(): number {
    let lanes = 0
    for (const each of this.#lanes.values()) lanes += each.size
    return lanes
  }

  get parked(): number {
    return this.#parking.size
  }

  add(partition: AssignedPartition, records: readonly ConsumedRecord[]): void {
    const lanes = this.#lanesOf(partition)
    for (const record of records) this.#addOne(partition, lanes, record)
    this.#pump()
  }

  giveUp(held: HeldRecord, error: string): GivingUp {
    const { giveUp, mayGiveUp } = this.#options
    if (!giveUp) return 'impossible'
    const lane = this.#lanes.get(held.partition)?.get(this.#nameOf(held))
    if (lane?.records.peek() !== held || held.givenUp !== null) return 'begun'
    if (mayGiveUp && !mayGiveUp(error)) return 'refused'
    held.givenUp = error
    held.abandon()
    if (lane.state === 'busy') {
      lane.attempt++
      this.#free(lane)
    }
    if (lane.state === 'parked') this.#parking.keep((each) => each !== lane)
    if (lane.state !== 'ready') {
      // It goes before all others, and no share of the handlers is needed for it.
      lane.share = null
      this.#ready.unshift(lane)
    }
    lane.state = 'ready'
    this.#pump()
    return 'begun'
  }

  drop(partition: AssignedPartition): void {
    for (const lane of this.#lanes.get(partition)?.values() ?? []) {
      lane.dropped = true
      this.#held -= lane.records.length
    }
    this.#lanes.delete(partition)
    this.#parking.keep((lane) => !lane.dropped)
  }

  poke(): void {
    this.#pump()
  }

  stop(): void {
    this.#stopped = true
    this.#parking.clear()
  }

  #lanesOf(partition: AssignedPartition): Map<string | number, Lane> {
    let lanes = this.#lanes.get(partition)
    if (!lanes) {
      lanes = new Map()
      this.#lanes.set(partition, lanes)
    }
    return lanes
  }

  /** A record with nothing before it is handed over at once; only if it takes time does it need a lane. */
  #addOne(partition: AssignedPartition, lanes: Map<string | number, Lane>, record: ConsumedRecord): void {
    const free = this.#options.concurrencyMax - this.#running
    const isFree = free > 0 && this.#ready.isEmpty && !this.#isPaused()
    const isAlone = lanes.size === 0 && partition.shares === null && !partition.doneBuffered
    if (isFree && isAlone && !partition.wasDoneBefore(record.offset)) {
      const held = new HeldRecordOf(record, partition)
      const answer = this.#call(held)
      if (!(answer instanceof Promise) && answer.kind === 'done') {
        partition.pass(record)
        return
      }
      partition.buffer(held)
      const lane = this.#enter(lanes, held)
      this.#begin(lane)
      this.#follow(lane, answer)
      return
    }
    const held = partition.hold(record)
    if (!held) return
    const lane = this.#enter(lanes, held)
    if (lane.records.length > 1) return
    if (isFree && (lane.share === null || lane.share.running < free)) this.#run(lane)
    else this.#ready.push(lane)
  }

  #enter(lanes: Map<string | number, Lane>, held: HeldRecord): Lane {
    const name = this.#nameOf(held)
    let lane = lanes.get(name)
    if (!lane) {
      const { partition, share } = held
      lane = { name, partition, records: new Fifo(), share, state: 'ready', attempt: 0, dropped: false }
      lanes.set(name, lane)
    }
    lane.records.push(held)
    this.#held++
    return lane
  }

  #nameOf(held: HeldRecord): string | number {
    held.lane ??= this.#options.laneOf(held.record) ?? this.#anonymous++
    return held.lane
  }

  #pump(): void {
    if (this.#isPaused() || this.#ready.isEmpty || !this.#options.mayBegin()) return
    while (this.#running < this.#options.concurrencyMax && !this.#stopped) {
      const lane = this.#ready.shift(this.#options.concurrencyMax - this.#running)
      if (!lane) return
      if (!lane.dropped) this.#run(lane)
    }
  }

  #isPaused(): boolean {
    return this.#pausedUntilMs > 0 && this.#pausedUntilMs > performance.now()
  }

  /** The record stays first in its lane until it is done, so a lane with records and not in the line is taken. */
  #run(lane: Lane): void {
    const held = lane.records.peek()!
    this.#begin(lane)
    this.#follow(lane, held.givenUp === null ? this.#call(held) : this.#publish(held))
  }

  #begin(lane: Lane): void {
    lane.state = 'busy'
    lane.records.peek()!.called(performance.now())
    this.#running++
    if (lane.share) lane.share.running++
    lane.partition.started()
  }

  #call(held: HeldRecord): SettledOutcome | Promise<SettledOutcome> {
    try {
      return this.#options.handle(held.record, held)
    } catch (error) {
      return this.#faulty(error, held)
    }
  }

  #faulty(error: unknown, held: HeldRecord): SettledOutcome {
    this.#options.fault(error, held)
    return { kind: 'retry', atMs: Date.now() + this.#options.faultBackoffMs }
  }

  async #publish(held: HeldRecord): Promise<SettledOutcome> {
    await this.#options.giveUp!(held.record, held.givenUp!, held)
    return { kind: 'done' }
  }

  #follow(lane: Lane, answer: SettledOutcome | Promise<SettledOutcome>): void {
    if (!(answer instanceof Promise)) {
      this.#answered(lane, answer)
      return
    }
    const { attempt } = lane
    const held = lane.records.peek()!
    answer.then(
      (outcome) => {
        if (lane.attempt !== attempt) return
        this.#answered(lane, outcome)
        this.#pump()
      },
      (error: unknown) => {
        if (lane.attempt !== attempt) return
        this.#answered(lane, this.#faulty(error, held))
        this.#pump()
      },
    )
  }

  #answered(lane: Lane, outcome: SettledOutcome): void {
    const held = lane.records.peek()!
    const nowMs = performance.now()
    this.handlingMs += nowMs - held.callMs
    this.handledRecords++
    if (outcome.kind === 'done' && nowMs - held.handedMs > SLOW_MS) this.slowRecords++
    held.answered()
    this.#free(lane)
    this.#settle(lane, held, outcome)
  }

  #free(lane: Lane): void {
    this.#running--
    if (lane.share) lane.share.running--
    lane.partition.ended()
  }

  #settle(lane: Lane, held: HeldRecord, outcome: SettledOutcome): void {
    lane.state = 'ready'
    if (outcome.kind === 'done') {
      lane.partition.complete(held)
      if (!lane.dropped) this.#advance(lane)
      return
    }
    if (lane.dropped) return
    if (outcome.kind === 'retry' || outcome.kind === 'shed') {
      if (outcome.kind === 'retry') held.failures++
      else held.excuse()
      held.detach()
      lane.state = 'parked'
      this.#parking.park(lane, outcome.atMs)
    } else {
      held.excuse()
      this.#pause(outcome.untilMs)
      this.#ready.unshift(lane)
    }
  }

  #advance(lane: Lane): void {
    lane.records.shift()
    this.#held--
    const next = lane.records.peek()
    lane.share = next?.share ?? null
    if (next) this.#ready.push(lane)
    else this.#lanes.get(lane.partition)?.delete(lane.name)
    this.#options.completed(lane.partition)
  }

  #wake(lane: Lane): void {
    if (lane.dropped) return
    lane.state = 'ready'
    this.#ready.push(lane)
    this.#pump()
  }

  /** All lanes wait, and what has begun is excused: an outage concerns all. */
  #pause(wallUntilMs: number): void {
    const forMs = Math.max(0, wallUntilMs - Date.now())
    const untilMs = performance.now() + forMs
    if (untilMs <= this.#pausedUntilMs) return
    if (this.#pausedUntilMs === 0) {
      for (const lanes of this.#lanes.values()) for (const lane of lanes.values()) lane.records.peek()?.excuse()
    }
    this.#pausedUntilMs = untilMs
    setTimeout(() => this.#resume(), forMs + 1).unref()
  }

  #resume(): void {
    if (this.#isPaused()) return
    this.#pausedUntilMs = 0
    this.#pump()
  }
}
