import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { consumedRecord } from '../../../../test/servers/consumed-record.ts'
import type { ConsumedRecord } from '../../wire/record-batch-decode.ts'
import { AssignedPartition } from '../assigned-partition.ts'
import { DONE, pauseUntil, retryAt, type SettledOutcome } from '../outcome.ts'
import { Lanes } from './lanes.ts'

/** Runs keys through lanes until all are done; `handle` says what becomes of each try. */
async function run(
  keys: readonly string[],
  concurrencyMax: number,
  handle: (key: string, offset: number, tries: number) => Promise<SettledOutcome>,
) {
  const partition = new AssignedPartition('t', 0, { topicId: '', offset: 0 })
  const finished: { key: string; offset: number }[] = []
  let underWay = 0
  let mostUnderWay = 0
  await new Promise<void>((resolve) => {
    const lanes = new Lanes({
      laneOf: ({ key }) => key!.toString(),
      concurrencyMax,
      faultBackoffMs: 1,
      fault: () => {},
      mayBegin: () => true,
      completed: () => partition.completedRecords === keys.length && resolve(),
      handle: async ({ key, offset }, { failures }) => {
        mostUnderWay = Math.max(mostUnderWay, ++underWay)
        try {
          const outcome = await handle(key!.toString(), offset, failures)
          if (outcome.kind === 'done') finished.push({ key: key!.toString(), offset })
          return outcome
        } finally {
          underWay--
        }
      },
    })
    lanes.add(
      partition,
      keys.map((key, offset) => consumedRecord({ offset, key })),
    )
  })
  return { finished, mostUnderWay, watermark: partition.tracker.watermark }
}

test('each key keeps its order through retries and faults, within the concurrency, and all is done at the end', async () => {
  const keys = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(keys, fc.integer({ min: 1, max: 8 }), fc.infiniteStream(fc.nat(9)), async (all, most, luck) => {
      const { finished, mostUnderWay, watermark } = await run(all, most, async (_key, _offset, tries) => {
        await new Promise((resolve) => setImmediate(resolve))
        const draw = tries > 3 ? 9 : luck.next().value
        if (draw === 0) throw new Error('a fault')
        return draw === 1 ? retryAt(Date.now() + 1) : DONE
      })
      expect(mostUnderWay).toBeLessThanOrEqual(most)
      expect(watermark).toBe(all.length)
      for (const key of new Set(all)) {
        const offsets = finished.filter((each) => each.key === key).map(({ offset }) => offset)
        expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
      }
    }),
    { numRuns: 50 },
  )
})

test('a key that waits for its retry holds up only its own lane', async () => {
  let freed = false
  const { finished } = await run(['slow', 'slow', 'a', 'b', 'c'], 2, async (key) => {
    if (key !== 'slow') {
      if (key === 'c') freed = true
      return DONE
    }
    return freed ? DONE : retryAt(Date.now() + 1)
  })
  expect(finished.map(({ key }) => key).slice(0, 3)).toEqual(['a', 'b', 'c'])
})

/** Lanes of one partition whose handlers answer on demand, and whose dead letters are kept. */
function heldLanes(keys: readonly string[]) {
  const partition = new AssignedPartition('t', 0, { topicId: '', offset: 0 })
  const answers = new Map<number, (outcome: SettledOutcome) => void>()
  const begun: number[] = []
  const letters: number[] = []
  const lanes = new Lanes({
    laneOf: ({ key }) => key!.toString(),
    concurrencyMax: 2,
    faultBackoffMs: 1,
    fault: () => {},
    mayBegin: () => true,
    completed: () => {},
    handle: ({ offset }) => {
      begun.push(offset)
      return new Promise((resolve) => answers.set(offset, resolve))
    },
    giveUp: async ({ offset }) => letters.push(offset),
  })
  lanes.add(
    partition,
    keys.map((key, offset) => consumedRecord({ offset, key })),
  )
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))
  return { lanes, partition, answers, begun, letters, settle }
}

test('a record that is given up while its handler runs: the handler is aborted, its place is free, its result is ignored', async () => {
  const { lanes, partition, answers, begun, letters, settle } = heldLanes(['a', 'a', 'b'])
  expect(begun).toEqual([0, 2])
  const head = partition.tracker.first!
  const { signal } = head
  expect(lanes.giveUp(head, 'too long')).toBe('begun')
  expect(signal.aborted).toBe(true)
  await settle()
  expect(letters).toEqual([0])
  expect(begun).toContain(1)
  expect(partition.tracker.watermark).toBe(1)
  answers.get(0)!(retryAt(0))
  await settle()
  expect(begun.filter((offset) => offset === 0)).toHaveLength(1)
  for (const offset of [1, 2]) answers.get(offset)!(DONE)
  await settle()
  expect(partition.tracker.watermark).toBe(3)
  expect(partition.running).toBe(0)
  expect(lanes.held).toBe(0)
})

test('a record that is given up while it is parked goes to the dead letters, and its key goes on in order', async () => {
  const { lanes, partition, answers, begun, letters, settle } = heldLanes(['a', 'a', 'a'])
  answers.get(0)!(retryAt(Date.now() + 60_000))
  await settle()
  expect(lanes.parked).toBe(1)
  expect(lanes.giveUp(partition.tracker.first!, 'for ever')).toBe('begun')
  expect(lanes.parked).toBe(0)
  await settle()
  expect(letters).toEqual([0])
  expect(begun).toEqual([0, 1])
  answers.get(1)!(DONE)
  await settle()
  expect(begun).toEqual([0, 1, 2])
})

test('a handler that answers at once leaves nothing behind, whatever the number of its records', () => {
  const partition = new AssignedPartition('t', 0, { topicId: '', offset: 0 })
  const seen: number[] = []
  const lanes = new Lanes({
    laneOf: () => null,
    concurrencyMax: 1,
    faultBackoffMs: 1,
    fault: () => {},
    mayBegin: () => true,
    completed: () => {},
    handle: ({ offset }) => {
      seen.push(offset)
      return DONE
    },
  })
  const records = Array.from({ length: 1_000 }, (_, offset) => consumedRecord({ offset, key: `${offset}` }))
  lanes.add(partition, records)
  expect(seen).toHaveLength(1_000)
  expect(partition.tracker.watermark).toBe(1_000)
  expect([lanes.held, lanes.lanes, partition.tracker.span, partition.bufferedBytes]).toEqual([0, 0, 0, 0])
})

test('a share whose handlers only wait leaves handlers for others, and shares are served round-robin', async () => {
  const sharedBuffer = {
    shareOf: ({ key }: ConsumedRecord) => key!.toString()[0]!,
    recordsPerShareMax: 100,
    recordsPerPartitionMax: 1_000,
    bytesPerPartitionMax: 1_000_000,
  }
  const partition = new AssignedPartition('t', 0, { topicId: '', offset: 0, sharedBuffer })
  const answers: (() => void)[] = []
  const begun: string[] = []
  const lanes = new Lanes({
    laneOf: ({ key }) => key!.toString(),
    concurrencyMax: 10,
    faultBackoffMs: 1,
    fault: () => {},
    mayBegin: () => true,
    completed: () => {},
    handle: ({ key }) => {
      begun.push(key!.toString()[0]!)
      return new Promise((resolve) => answers.push(() => resolve(DONE)))
    },
  })
  const add = (share: string, count: number): void => {
    const from = partition.fetchOffset
    const records = Array.from({ length: count }, (_, n) => consumedRecord({ offset: from + n, key: `${share}${n}` }))
    lanes.add(partition, records)
    partition.readTo(from + count)
  }
  add('a', 50)
  expect(begun).toHaveLength(5)
  add('b', 50)
  expect(begun.filter((share) => share === 'b')).toHaveLength(3)
  add('c', 1)
  expect(begun.at(-1)).toBe('c')
  expect(begun.length).toBeLessThan(10)
  while (answers.length > 0) {
    answers.shift()!()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(begun).toHaveLength(101)
  expect(partition.tracker.watermark).toBe(101)
  expect(lanes.held).toBe(0)
})

test('a pause ends in its time, though the wall clock is set back meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  let isPaused = false
  const { finished } = await run(['a', 'b'], 1, async () => {
    if (isPaused) return DONE
    isPaused = true
    const pause = pauseUntil(Date.now() + 20)
    setTimeout(() => vi.setSystemTime(Date.now() - 600_000), 1)
    return pause
  })
  expect(finished.map(({ key }) => key)).toEqual(['a', 'b'])
})
