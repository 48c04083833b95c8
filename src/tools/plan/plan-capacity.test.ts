import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readTopicsFile } from '../../topics/topics-file.ts'
import { findInputFault } from './find-input-fault.ts'
import { drainSeconds, planCapacity } from './plan-capacity.ts'
import { type PlanInput, perTopic, planDefaults } from './plan-input.ts'
import { ASSUMED_RATES, givenRates } from './plan-rates.ts'

const topics = readTopicsFile(join(import.meta.dirname, '../../../config/topics.yaml'))
const usual: PlanInput = { ...planDefaults(topics), daily: 100_000_000, rates: ASSUMED_RATES }

const some = (min: number, max: number) => fc.integer({ min, max })
const each = (min: number, max: number) =>
  fc.record({ accepted: some(min, max), delivery: some(min, max), status: some(min, max) })

/** Whatever the command line lets pass. */
const inputs: fc.Arbitrary<PlanInput> = fc
  .record({
    daily: some(1, 20_000_000_000),
    growth: fc.constantFrom(1, 1.5, 3),
    replicationFactor: some(1, 5),
    minInSyncReplicas: some(1, 3),
    compressionRatio: fc.constantFrom(1, 2.5, 3),
    readers: some(1, 6),
    statusEvents: some(1, 5),
    bytes: each(50, 2_000),
    retentionDays: each(1, 30),
    declaredPartitions: each(1, 100),
    partitions: fc.oneof(fc.constant(usual.partitions), each(1, 300)),
    brokers: fc.option(some(5, 40)),
    diskTb: fc.option(fc.constantFrom(0.5, 1, 4)),
    workerRate: some(10, 20_000),
    webhookRate: some(10, 20_000),
  })
  .map(({ workerRate, webhookRate, ...input }) => ({
    ...usual,
    ...input,
    rates: { ...ASSUMED_RATES, ...givenRates({ worker: workerRate, webhooks: webhookRate }) },
  }))

const diskBytes = (input: PlanInput): number =>
  planCapacity(input).disk.topics.reduce((sum, { replicatedBytes }) => sum + replicatedBytes, 0)

describe('disk', () => {
  test('grows with the load, the retention and the replicas, and shrinks with compression', () => {
    fc.assert(
      fc.property(inputs, some(2, 9), (input, times) => {
        const bytes = diskBytes(input)
        const near = (value: number) => expect(value / bytes).toBeCloseTo(times, 9)
        near(diskBytes({ ...input, daily: input.daily * times }))
        near(diskBytes({ ...input, growth: input.growth * times }))
        near(diskBytes({ ...input, retentionDays: perTopic((topic) => input.retentionDays[topic] * times) }))
        near(diskBytes({ ...input, brokers: null, replicationFactor: input.replicationFactor * times }))
        expect(bytes / diskBytes({ ...input, compressionRatio: input.compressionRatio * times })).toBeCloseTo(times, 9)
      }),
    )
  })

  test('a broker among more of them has less, and together they have all', () => {
    fc.assert(
      fc.property(inputs, some(5, 40), (input, brokers) => {
        const disk = planCapacity({ ...input, brokers }).disk
        const more = planCapacity({ ...input, brokers: brokers + 5 }).disk
        expect(more.totalGb).toBe(disk.totalGb)
        expect(more.perBrokerGb).toBeLessThanOrEqual(disk.perBrokerGb)
        expect((disk.perBrokerGb * brokers) / disk.totalGb).toBeCloseTo(1, 0)
      }),
    )
  })
})

test('bandwidth follows load, readers and replicas', () => {
  fc.assert(
    fc.property(inputs, some(2, 9), (input, times) => {
      const bytes = (change: Partial<PlanInput>) => {
        const { accepted, allTopicsAtPeak } = planCapacity({ ...input, ...change }).bandwidth
        return { ...accepted, allIn: allTopicsAtPeak.in }
      }
      const before = bytes({})
      const ratio = before.out.bytesPerSecond / before.in.bytesPerSecond
      expect(ratio).toBeCloseTo(input.readers, 6)
      expect(before.replication.bytesPerSecond / before.in.bytesPerSecond).toBeCloseTo(input.replicationFactor - 1, 6)
      const larger = bytes({ bytes: perTopic((topic) => input.bytes[topic] * times) })
      expect(larger.allIn.bytesPerSecond / before.allIn.bytesPerSecond).toBeCloseTo(times, 6)
    }),
  )
})

describe('consumers', () => {
  test('are never more than partitions, share all of them, and carry what they have where partitions suffice', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const plan = planCapacity(input)
        for (const { topic, consumers, consumersMax, partitionsEach, used } of plan.consumers) {
          const { partitions, neededPartitions } = plan.topics.find((each) => each.topic === topic)!
          expect(consumers).toBeLessThanOrEqual(partitions)
          expect(consumersMax).toBe(partitions)
          expect(consumers * partitionsEach).toBeGreaterThanOrEqual(partitions)
          expect((consumers - 1) * partitionsEach).toBeLessThan(partitions)
          if (partitions >= neededPartitions) expect(used).toBeLessThanOrEqual(0.65)
        }
      }),
    )
  })

  test('partitions are never fewer than declared, and enough unless they are given', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { topics } = planCapacity({ ...input, partitions: usual.partitions })
        for (const { partitions, neededPartitions } of topics) {
          expect(partitions).toBeGreaterThanOrEqual(neededPartitions)
        }
        expect(topics[0]!.partitions).toBeGreaterThanOrEqual(input.declaredPartitions.accepted)
      }),
    )
  })
})

describe('a backlog', () => {
  test('is never gone when no more is taken than comes in, and sooner the more is taken', () => {
    const rate = some(1, 1_000_000)
    fc.assert(
      fc.property(rate, rate, rate, (backlog, takes, arriving) => {
        const seconds = drainSeconds(backlog, takes, arriving)
        expect(Number.isFinite(seconds)).toBe(takes > arriving)
        expect(drainSeconds(backlog, takes + 1, arriving)).toBeLessThanOrEqual(seconds)
        expect(drainSeconds(backlog * 2, takes, arriving)).toBeGreaterThanOrEqual(seconds)
      }),
    )
  })

  test('drains more slowly at the peak', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        for (const { secondsAtAverage, secondsAtPeak } of planCapacity(input).drain) {
          expect(secondsAtPeak).toBeGreaterThanOrEqual(secondsAtAverage)
        }
      }),
    )
  })
})

describe('brokers', () => {
  test('are as many as replicas and two more, and more only where data or cores ask for it', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const plan = planCapacity({ ...input, brokers: null })
        const asked = plan.limits.filter(({ what }) => what.startsWith('brokers')).map(({ need }) => need)
        expect(plan.brokers.count).toBe(Math.max(input.replicationFactor + 2, ...asked))
      }),
    )
  })

  test('one lost leaves the others with more, and writes continue where replicas suffice', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { disk, oneBrokerLost: lost, brokers } = planCapacity(input)
        expect(lost.brokersLeft).toBe(brokers.count - 1)
        if (lost.perBrokerGb !== null) expect(lost.perBrokerGb).toBeGreaterThanOrEqual(disk.perBrokerGb)
        expect(lost.writesContinue).toBe(input.replicationFactor - 1 >= input.minInSyncReplicas)
        expect(lost.unavailableShare > 0).toBe(input.replicationFactor === 1)
      }),
    )
  })

  test('as many as replicas have no place for the copies of one that is lost', () => {
    const { oneBrokerLost } = planCapacity({ ...usual, brokers: 3 })
    expect(oneBrokerLost).toMatchObject({ brokersLeft: 2, writesContinue: true, perBrokerGb: null })
  })
})

describe('limits', () => {
  test('are in the order in which they are reached, and what holds is what suffices', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { limits } = planCapacity(input)
        const daily = input.daily * input.growth
        expect(limits.map(({ holdsUntilDaily }) => holdsUntilDaily)).toEqual(
          limits.map(({ holdsUntilDaily }) => holdsUntilDaily).toSorted((a, b) => a - b),
        )
        for (const { have, need, holdsUntilDaily } of limits) {
          if (have >= need) expect(holdsUntilDaily).toBeGreaterThanOrEqual(daily * 0.9)
          else expect(holdsUntilDaily).toBeLessThan(daily)
        }
      }),
    )
  })

  test('what is needed at a load holds it', () => {
    fc.assert(
      fc.property(some(1_000_000, 20_000_000_000), (daily) => {
        const { limits } = planCapacity({ ...usual, daily })
        const need = (what: string): number => limits.find((limit) => limit.what === what)!.need
        const partitions = perTopic((topic) => need(`partitions of sms.${topic}`))
        const then = planCapacity({
          ...usual,
          daily,
          partitions,
          brokers: Math.max(5, need('brokers, by data'), need('brokers, by cores')),
          postgresPrimaries: Math.max(need('PostgreSQL primaries'), Math.ceil(need('outbox shards') / 16)),
          clickhouseServers: need('ClickHouse servers'),
        })
        expect(then.limits.filter(({ what, have, need }) => have < need && !what.startsWith('API'))).toEqual([])
      }),
    )
  })
})

test('the peak is never below the planned average, however it grows', () => {
  const { load } = planCapacity({ ...usual, peakPerSecond: 1_200, growth: 1.05 })
  expect(load).toEqual({ averagePerSecond: 1_215, plannedPerSecond: 1_300, peakPerSecond: 1_300 })
})

test('the peak is 3,000/s for each 100 million a day, however much that is', () => {
  fc.assert(
    fc.property(some(1, 20_000_000_000), (daily) => {
      const { load } = planCapacity({ ...usual, daily })
      expect(load.peakPerSecond / daily).toBeCloseTo(3_000 / 100_000_000, 15)
    }),
  )
  expect(planCapacity({ ...usual, daily: 500_000_000 }).load.peakPerSecond).toBe(15_000)
})

test('megabits are those of the exact bytes, and a total is the sum of its parts', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { requiredMegabits: _, ...traffics } = planCapacity(input).bandwidth
      for (const { total, ...parts } of Object.values(traffics)) {
        const each = Object.values(parts)
        for (const part of each)
          expect(part.megabitsPerSecond / ((part.bytesPerSecond * 8) / 1e6) || 1).toBeCloseTo(1, 9)
        const sum = each.reduce((bytes, { bytesPerSecond }) => bytes + bytesPerSecond, 0)
        expect(total.bytesPerSecond / sum).toBeCloseTo(1, 9)
      }
    }),
  )
})

test('a broker has memory for its heap and network for its share, with one lost too', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { brokers } = planCapacity(input)
      expect(brokers.memoryGib).toBeGreaterThanOrEqual(brokers.memoryGibMin)
      expect(brokers.memoryGibMin).toBeGreaterThan(brokers.heapGib)
      expect(brokers.receivesOneLost.bytesPerSecond).toBeGreaterThan(brokers.receives.bytesPerSecond)
      const busiest = Math.max(brokers.receivesOneLost.megabitsPerSecond, brokers.sendsOneLost.megabitsPerSecond)
      if (brokers.networkGbps < 100) expect(busiest).toBeLessThanOrEqual(brokers.networkGbps * 500)
    }),
  )
})

test('growth is the same as that much more load', () => {
  const grown = planCapacity({ ...usual, daily: 50_000_000, growth: 2 })
  const larger = planCapacity(usual)
  expect({ ...grown, input: null }).toEqual({ ...larger, input: null })
})

test('what cannot be planned for is said in a sentence', () => {
  expect(findInputFault(usual)).toBeNull()
  expect(findInputFault({ ...usual, brokers: 2 })).toMatch(/^3 replicas need at least 3 brokers/)
  expect(findInputFault({ ...usual, peakPerSecond: 1_199 })).toMatch(/give a --peak of 1200 or more/)
  expect(findInputFault({ ...usual, peakPerSecond: 1_200 })).toBeNull()
})
