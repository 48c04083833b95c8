import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstSmsIdAt } from '../../domain/sms-id.ts'
import type { PartitionProgress } from '../../kafka/admin/read-progress.ts'
import { type PipelineView, SettledWatermark, type SilentMessage } from './settled-watermark.ts'

const START_MS = Date.UTC(2026, 10, 24)
const SHARDS = 3
const PARTITIONS = 3
/** Of the processes that give ids; the database's clock, by which messages were accepted, is right. */
const CLOCK_ERRORS_MS = [0, 600_000, -600_000, 0, 0]

interface Message extends SilentMessage {
  lost: boolean
  heard: boolean
}

/** A log of messages: its readers take what lies between their place and the end, and commit later. */
class Log {
  readonly records: Message[] = []
  start = 0
  #read = 0
  #committed: number | null = null

  append(message: Message): void {
    this.records.push(message)
  }

  /** Handles the next record, if there is one. */
  read(handle: (message: Message) => void): void {
    const place = Math.max(this.#read, this.start)
    const next = this.records[place]
    if (!next) return
    this.#read = place + 1
    handle(next)
  }

  commit(): void {
    this.#committed = Math.max(this.#read, this.#committed ?? 0)
  }

  /** Discards everything; what was not read yet is lost. */
  lose(): void {
    for (const message of this.records.slice(Math.max(this.#read, this.start))) message.lost = true
    this.start = this.records.length
  }

  get progress(): PartitionProgress {
    return { startOffset: this.start, endOffset: this.records.length, committedOffset: this.#committed }
  }
}

/** The whole way of messages, one step at a time. */
class Pipeline {
  nowMs = START_MS
  readonly messages: Message[] = []
  readonly watermark = new SettledWatermark(0)
  readonly #outbox: { seq: number; message: Message }[] = []
  readonly #tasks = Array.from({ length: PARTITIONS }, () => new Log())
  readonly #statuses = Array.from({ length: PARTITIONS }, () => new Log())
  #seq = 0

  accept(key: number): void {
    const acceptedMs = ++this.nowMs
    const smsId = firstSmsIdAt(acceptedMs + CLOCK_ERRORS_MS[key % CLOCK_ERRORS_MS.length]!)
    const ids = { smsId, acceptedMs, shard: key % SHARDS, partition: key % PARTITIONS }
    const message = { ...ids, movedAtMs: null, republished: null, lost: false, heard: false }
    this.messages.push(message)
    this.#outbox.push({ seq: ++this.#seq, message })
  }

  publish(shard: number): void {
    const head = this.#outbox.find(({ message }) => message.shard === shard)
    if (!head) return
    this.#outbox.splice(this.#outbox.indexOf(head), 1)
    this.#tasks[head.message.partition]!.append(head.message)
  }

  work(partition: number): void {
    this.#tasks[partition]!.read((message) => this.#statuses[message.smsId % PARTITIONS]!.append(message))
  }

  update(partition: number): void {
    this.#statuses[partition]!.read((message) => {
      message.heard = true
    })
  }

  commit(partition: number): void {
    this.#tasks[partition]!.commit()
    this.#statuses[partition]!.commit()
  }

  loseTasks(partition: number): void {
    this.#tasks[partition]!.lose()
  }

  loseStatuses(partition: number): void {
    this.#statuses[partition]!.lose()
  }

  /** Looks as the reconciler does, while the world goes on between the looks. */
  observe(between: (() => void)[]): void {
    const pause = (): void => {
      for (const step of between.splice(0, 3)) step()
    }
    const atMs = ++this.nowMs
    const heads = Array.from({ length: SHARDS }, (_, shard) =>
      this.#outbox.find(({ message }) => message.shard === shard),
    )
      .filter((head) => head !== undefined)
      .map(({ seq, message }) => ({ shard: message.shard, seq, acceptedMs: message.acceptedMs }))
    pause()
    const committed = this.#tasks.map((log) => log.progress.committedOffset)
    pause()
    const delivery = this.#tasks.map((log, at) => ({ ...log.progress, committedOffset: committed[at]! }))
    pause()
    const status = this.#statuses.map((log) => log.progress)
    const view: PipelineView = { atMs, heads, delivery, status }
    this.watermark.observe(view)
  }

  /** Everyone catches up. */
  drain(): void {
    for (const _ of this.messages) {
      for (let at = 0; at < SHARDS; at++) this.publish(at)
      for (let at = 0; at < PARTITIONS; at++) this.work(at)
      for (let at = 0; at < PARTITIONS; at++) this.update(at)
    }
    for (let at = 0; at < PARTITIONS; at++) {
      for (const _ of this.messages) this.update(at)
      this.commit(at)
    }
  }
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(
      ...(['accept', 'accept', 'publish', 'publish', 'work', 'work', 'update', 'update', 'commit'] as const),
      ...(['loseTasks', 'loseStatuses', 'observe'] as const),
    ),
    at: fc.nat(PARTITIONS - 1),
  }),
  { minLength: 10, maxLength: 200 },
)

test('a message is held for lost only if it is, whatever the order of things; and in the end every lost one is', () => {
  fc.assert(
    fc.property(steps, (plan) => {
      const pipeline = new Pipeline()
      const queue = plan.map(({ kind, at }) => ({
        kind,
        run: () => (kind === 'observe' ? undefined : pipeline[kind](at)),
      }))
      for (let next = queue.shift(); next; next = queue.shift()) {
        next.run()
        if (next.kind !== 'observe') continue
        const between: (() => void)[] = queue.splice(0, 9).map(({ run }) => run)
        pipeline.observe(between)
        for (const step of between) step()
        const wronged = pipeline.messages.filter(
          (message) => !message.heard && !message.lost && pipeline.watermark.isPassed(message),
        )
        expect(wronged).toEqual([])
      }
      pipeline.drain()
      pipeline.observe([])
      pipeline.observe([])
      const missed = pipeline.messages.filter(({ lost, heard }) => lost && !heard)
      expect(missed.every((message) => pipeline.watermark.isPassed(message))).toBe(true)
    }),
    { numRuns: 500 },
  )
})

const IDLE: PartitionProgress = { startOffset: 0, endOffset: 0, committedOffset: null }
const message = (changes: Partial<SilentMessage> = {}): SilentMessage => {
  return {
    smsId: firstSmsIdAt(START_MS),
    acceptedMs: START_MS,
    shard: 0,
    partition: 0,
    movedAtMs: null,
    republished: null,
    ...changes,
  }
}

function after(...views: Partial<PipelineView>[]): SettledWatermark {
  const watermark = new SettledWatermark(1_000)
  views.forEach((view, index) => {
    watermark.observe({ atMs: START_MS + 2_000 + index, heads: [], delivery: [IDLE], status: [IDLE], ...view })
  })
  return watermark
}

test('a reader that has committed nothing, or something beyond the end, has not passed what is there', () => {
  const behind = { startOffset: 0, endOffset: 5, committedOffset: null }
  expect(after({ delivery: [behind] }).isPassed(message())).toBe(false)
  expect(after({ delivery: [{ ...behind, committedOffset: 9 }] }).isPassed(message())).toBe(false)
  expect(after({ status: [{ ...behind, committedOffset: 4 }] }).isPassed(message())).toBe(false)
  expect(after({ delivery: [{ ...behind, committedOffset: 5 }] }).isPassed(message())).toBe(true)
})

test('a log that was cut off is passed at its new end, and a partition that is new begins anew', () => {
  const long = { startOffset: 0, endOffset: 90, committedOffset: 10 }
  const cut = { startOffset: 0, endOffset: 10, committedOffset: 10 }
  expect(after({ delivery: [long] }, { delivery: [cut] }).isPassed(message())).toBe(true)
  const grown = after({ delivery: [IDLE] }, { delivery: [IDLE, long] })
  expect(grown.isPassed(message({ partition: 1 }))).toBe(false)
  expect(grown.isPassed(message())).toBe(true)
})

test('a message pending in the outbox is not lost: accepted after the oldest row, or published again after it', () => {
  const heads = [{ shard: 0, seq: 7, acceptedMs: START_MS }]
  expect(after({ heads }).isPassed(message())).toBe(false)
  const older = message({ acceptedMs: START_MS - 1_001 })
  expect(after({ heads }).isPassed(older)).toBe(true)
  const again = { times: 1, atMs: START_MS }
  expect(after({ heads }).isPassed({ ...older, republished: { ...again, outboxSeq: 7 } })).toBe(false)
  expect(after({ heads }).isPassed({ ...older, republished: { ...again, outboxSeq: 6 } })).toBe(true)
  const late = { ...again, outboxSeq: 6, atMs: START_MS + 2_000 }
  expect(after({ heads }).isPassed({ ...older, republished: late })).toBe(false)
})

test('a state counts as silent only from a look that came after it', () => {
  expect(after({}).isPassed(message({ movedAtMs: START_MS + 2_000 }))).toBe(false)
  expect(after({}, {}).isPassed(message({ movedAtMs: START_MS + 2_000 }))).toBe(true)
})
