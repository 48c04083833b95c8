import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consumedRecord } from '../../../../test/servers/consumed-record.ts'
import type { ConsumedRecord } from '../../wire/record-batch-decode.ts'
import type { HeldRecord } from '../assigned-partition.ts'
import { AssignedPartition } from '../assigned-partition.ts'
import { decodeDoneRanges, encodeDoneRanges } from '../commit/commit-metadata.ts'
import { hasRoom, nextPlace, RESUME_SHARE } from '../fetch/fetch-place.ts'
import { HandOver } from '../hand-over.ts'

const ENOUGH_ROUNDS = 20_000

interface Bounds {
  readonly recordsPerPartitionMax: number
  readonly recordsPerShareMax: number
  readonly readAheadOffsetsMax: number
  readonly recordsPerPollMax: number
}

type Step =
  | { readonly kind: 'fetch'; readonly records: number }
  | { readonly kind: 'complete' | 'compact' | 'truncate'; readonly at: number }
  | { readonly kind: 'revoke' }

/** A log of one partition and the reader of its records; what it must never do is checked at every step. */
class Reading {
  readonly #bounds: Bounds
  /** Offset to share, of what is in the log. */
  readonly #log: Map<number, string>
  readonly #end: number
  readonly #done = new Set<number>()
  #partition: AssignedPartition
  #logStart = 0
  #buffered: HeldRecord[] = []
  #lastTaken = new Map<string, number>()
  #takenOnce = new Set<number>()
  deferredMost = 0

  constructor(log: ReadonlyMap<number, string>, bounds: Bounds) {
    this.#log = new Map(log)
    this.#bounds = bounds
    this.#end = Math.max(-1, ...log.keys()) + 1
    this.#partition = this.#assign(0, '')
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#take(step)
    for (let round = 0; this.#partition.tracker.watermark < this.#end; round++) {
      if (round > ENOUGH_ROUNDS) throw new Error(`is blocked at ${this.#partition.tracker.watermark}`)
      await this.#take({ kind: 'fetch', records: 7 })
      await this.#take({ kind: 'complete', at: round })
    }
    for (const offset of this.#log.keys()) expect(this.#done.has(offset), `${offset} was left out`).toBe(true)
    const { tracker, bufferedRecords } = this.#partition
    expect([tracker.deferred, tracker.span, bufferedRecords]).toEqual([0, 0, 0])
  }

  async #take(step: Step): Promise<void> {
    if (step.kind === 'fetch') await this.#fetch(step.records)
    else if (step.kind === 'complete') this.#complete(step.at)
    else if (step.kind === 'compact') this.#compact(step.at)
    else if (step.kind === 'truncate') this.#truncate(step.at)
    else this.#revoke()
    this.#check()
  }

  #assign(offset: number, metadata: string): AssignedPartition {
    const shareOf = ({ key }: ConsumedRecord): string => key!.toString()
    const sharedBuffer = { ...this.#bounds, bytesPerPartitionMax: 1_000_000, shareOf }
    const doneBefore = decodeDoneRanges(offset, metadata)
    const assigned = new AssignedPartition('t', 0, { topicId: '', offset, doneBefore, sharedBuffer })
    assigned.stableEnd = this.#end
    return assigned
  }

  #limits() {
    return { ...this.#bounds, bytesPerPartitionMax: 1_000_000 }
  }

  async #fetch(count: number): Promise<void> {
    const partition = this.#partition
    // An answer that waited for room goes on piece by piece.
    if (partition.isHandingOver) await new Promise((resolve) => setImmediate(resolve))
    const place = partition.isHandingOver ? null : nextPlace(partition, this.#limits())
    if (!place) return
    const { tracker } = partition
    if (!place.isAgain) expect(tracker.span).toBeLessThan(this.#bounds.readAheadOffsetsMax)
    const offset = Math.max(place.offset, this.#logStart)
    const found = [...this.#log].filter(([each]) => each >= offset).slice(0, count)
    if (place.offset < this.#logStart && !place.isAgain) partition.readTo(this.#logStart)
    const records = found.map(([each, key]) => consumedRecord({ offset: each, key }))
    const handOver = new HandOver({
      options: this.#limits(),
      dispatcher: { add: (to, piece) => this.#add(to, piece) },
      mayGoOn: () => true,
      handedOver: () => {},
    })
    const next = found.length < count ? this.#end : found.at(-1)![0] + 1
    if (place.isAgain || offset < this.#end) {
      await new Promise<void>((resolve, reject) => {
        handOver.run(place, records, next, resolve).catch(reject)
      })
    }
  }

  #add(partition: AssignedPartition, records: readonly ConsumedRecord[]): void {
    for (const record of records) {
      const held = partition.hold(record)
      if (!held) continue
      const share = record.key!.toString()
      expect(this.#takenOnce.has(record.offset), `${record.offset} was taken twice`).toBe(false)
      expect(this.#lastTaken.get(share) ?? -1, 'a share is taken in order').toBeLessThan(record.offset)
      this.#takenOnce.add(record.offset)
      this.#lastTaken.set(share, record.offset)
      this.#buffered.push(held)
    }
  }

  #complete(at: number): void {
    if (this.#buffered.length === 0) return
    const [held] = this.#buffered.splice(at % this.#buffered.length, 1)
    this.#partition.complete(held!)
    this.#done.add(held!.record.offset)
    if (hasRoom(this.#partition, this.#limits(), RESUME_SHARE)) this.#partition.resume()
  }

  /** A record leaves the log from its middle. */
  #compact(at: number): void {
    const offsets = [...this.#log.keys()]
    if (offsets.length > 0) this.#log.delete(offsets[at % offsets.length]!)
  }

  /** The log begins later. */
  #truncate(at: number): void {
    this.#logStart = Math.max(this.#logStart, at % (this.#end + 1))
    for (const offset of this.#log.keys()) if (offset < this.#logStart) this.#log.delete(offset)
    this.#partition.shares!.dropBelow(this.#logStart)
  }

  #revoke(): void {
    const { tracker } = this.#partition
    const metadata = encodeDoneRanges(tracker.watermark, this.#partition.doneBeyondWatermark(1_000))
    this.#partition.active = false
    this.#partition.resume()
    this.#partition = this.#assign(tracker.watermark, metadata)
    this.#buffered = []
    this.#lastTaken = new Map()
    // What was done stays done, what was buffered is taken again.
    this.#takenOnce = new Set(this.#done)
  }

  #check(): void {
    const { tracker, bufferedRecords, fetchOffset } = this.#partition
    const { recordsPerPartitionMax, recordsPerShareMax } = this.#bounds
    this.deferredMost = Math.max(this.deferredMost, tracker.deferred)
    expect(bufferedRecords).toBe(this.#buffered.length)
    expect(bufferedRecords).toBeLessThanOrEqual(recordsPerPartitionMax)
    const byShare = Map.groupBy(this.#buffered, ({ share }) => share!.name)
    for (const held of byShare.values()) expect(held.length).toBeLessThanOrEqual(recordsPerShareMax)
    for (const offset of this.#log.keys()) {
      if (offset >= tracker.watermark) break
      if (!this.#done.has(offset)) expect(offset, 'is committed and not done').toBeNull()
    }
    const open = new Set(this.#buffered.map(({ record }) => record.offset))
    for (const { first, last } of tracker.doneBeyondWatermark()) {
      expect(last).toBeLessThan(fetchOffset)
      for (let offset = first; offset <= last; offset++) {
        const isUndone = (this.#log.has(offset) && !this.#done.has(offset)) || open.has(offset)
        if (isUndone) expect(offset, 'is reported as done and is not').toBeNull()
      }
    }
  }
}

const bounds = fc.record({
  recordsPerPartitionMax: fc.integer({ min: 2, max: 30 }),
  recordsPerShareMax: fc.integer({ min: 1, max: 12 }),
  readAheadOffsetsMax: fc.integer({ min: 30, max: 200 }),
  recordsPerPollMax: fc.integer({ min: 1, max: 8 }),
})

/** One heavy share among light ones, with gaps in the offsets as compaction leaves them. */
const logs = fc
  .array(fc.tuple(fc.constantFrom('heavy', 'heavy', 'heavy', 'a', 'b', 'c'), fc.constantFrom(1, 1, 1, 2, 9)), {
    minLength: 1,
    maxLength: 250,
    size: 'max',
  })
  .map((records) => {
    const log = new Map<number, string>()
    let offset = 0
    for (const [share, step] of records) {
      log.set(offset, share)
      offset += step
    }
    return log
  })

const seldom = (kind: 'compact' | 'truncate') => fc.record({ kind: fc.constant(kind), at: fc.nat(2_000) })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('fetch' as const), records: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('complete' as const), at: fc.nat(1_000) }) },
  { weight: 2, arbitrary: seldom('compact') },
  { weight: 1, arbitrary: seldom('truncate') },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const) }) },
)

test('whatever is deferred, lost and revoked: each record is handled once, in the order of its share, within the bounds', async () => {
  let deferredMost = 0
  await fc.assert(
    fc.asyncProperty(logs, bounds, fc.array(step, { maxLength: 150, size: 'max' }), async (log, limits, steps) => {
      const reading = new Reading(log, limits)
      await reading.run(steps)
      deferredMost = Math.max(deferredMost, reading.deferredMost)
    }),
    { numRuns: 60 },
  )
  expect(deferredMost).toBeGreaterThan(50)
})
