import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consumedRecord } from '../../../test/servers/consumed-record.ts'
import { AssignedPartition } from './assigned-partition.ts'
import { Lanes } from './lanes.ts'
import { DONE, retryAt, type SettledOutcome } from './outcome.ts'

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
      handle: async ({ key, offset, failures }) => {
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
