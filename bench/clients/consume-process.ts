import { committedOffsets } from '../../src/kafka/admin/read-groups.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Consumer } from '../../src/kafka/consumer/consumer.ts'
import { consumerOptions } from '../../src/kafka/consumer/consumer-options.ts'
import { inLanes } from '../../src/kafka/consumer/handling.ts'
import { DONE, type SettledOutcome } from '../../src/kafka/consumer/outcome.ts'
import type { SettledHandler } from '../../src/kafka/middleware/middleware.ts'
import { seededRandom } from '../../test/gateway/seeded-random.ts'
import { answerTask } from './forked-task.ts'

export interface ConsumeOptions {
  readonly brokers: string
  readonly topic: string
  readonly groupId: string
  /** How many to wait for. */
  readonly records: number
  readonly concurrencyMax: number
  /** Each record takes from 0 to so many whole milliseconds, by chance; 0: the handler does nothing. */
  readonly workMsMax: number
  readonly seed: number
}

export interface ConsumeResult {
  readonly joinMs: number
  /** From having joined the group to the last record handled. */
  readonly ms: number
  readonly recordsPerSecond: number
  /** What the handlers took in sum. */
  readonly workMs: number
  readonly cpuMs: number
}

const GIVE_UP_MS = 300_000
/** Seeds of one run lie beyond those of another's. */
const RECORDS_MAX = 1_000_003

answerTask(async (options: ConsumeOptions): Promise<ConsumeResult> => {
  const cluster = new Cluster({ brokers: options.brokers.split(','), clientId: 'bench-consumer' })
  const done = Promise.withResolvers<number>()
  const work = new Work(options, () => done.resolve(performance.now()))
  const timer = setTimeout(() => done.reject(new Error(`${work.left} records are still to come`)), GIVE_UP_MS)
  const consumer = new Consumer(
    cluster,
    consumerOptions({ groupId: options.groupId, topics: [options.topic] }),
    inLanes({ handle: work.handle, concurrencyMax: options.concurrencyMax }),
    { failed: done.reject },
  )
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  await consumer.start()
  const joinedMs = performance.now()
  const ms = (await done.promise) - joinedMs
  clearTimeout(timer)
  const { user, system } = process.cpuUsage(cpuBefore)
  await consumer.stop()
  await demandCommits(cluster, options)
  await cluster.close()
  return {
    joinMs: joinedMs - startMs,
    ms,
    recordsPerSecond: (options.records * 1_000) / ms,
    workMs: work.doneMs,
    cpuMs: (user + system) / 1_000,
  }
})

/** What handlers do: they wait, as if for a database or an operator. */
class Work {
  doneMs = 0
  left: number
  readonly handle: SettledHandler
  readonly #seed: number
  readonly #msMax: number
  readonly #allDone: () => void

  constructor({ records, workMsMax, seed }: ConsumeOptions, allDone: () => void) {
    this.left = records
    this.#seed = seed * RECORDS_MAX
    this.#msMax = workMsMax
    this.#allDone = allDone
    this.handle = workMsMax === 0 ? () => this.#end() : ({ offset }) => this.#wait(offset)
  }

  #end(): SettledOutcome {
    if (--this.left === 0) this.#allDone()
    return DONE
  }

  /** A record takes as long in every run, whichever lane comes first. */
  async #wait(offset: number): Promise<SettledOutcome> {
    const ms = Math.floor(seededRandom(this.#seed + offset)() * (this.#msMax + 1))
    const startMs = performance.now()
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
    this.doneMs += performance.now() - startMs
    return this.#end()
  }
}

/** A consumer that is quick because it commits nothing would be no match. */
async function demandCommits(cluster: Cluster, { groupId, records }: ConsumeOptions): Promise<void> {
  const committed = await committedOffsets(cluster, cluster.connections(), [groupId])
  const sum = committed.reduce((total, { offset }) => total + offset, 0)
  if (sum !== records) throw new Error(`${records} records were handled, and ${sum} committed`)
}
