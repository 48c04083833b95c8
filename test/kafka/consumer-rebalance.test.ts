import { fork } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, inject, onTestFinished, test } from 'vitest'
import type { Consumer } from '../../src/kafka/consumer/consumer.ts'
import { DONE, type SettledOutcome } from '../../src/kafka/consumer/outcome.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import type { TopicPartition } from '../../src/kafka/wire/consumer-protocol.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshTopic, testCluster, uniqueName } from '../servers/fixtures.ts'
import { committedByPartition, fill, startMember, watchCommits } from '../servers/group-member.ts'

/** 120 for the record. */
const STORM_SECONDS = Number(process.env.TEST_STORM_SECONDS ?? 10)

/** Judges what the members of a group do with numbered records, as a whole. */
class Watcher {
  readonly faults: string[] = []
  handled = 0
  again = 0
  readonly #lastDone = new Map<string, number>()
  readonly #underWay = new Set<string>()

  /** A handler that takes up to 5 ms, as a member would have it. */
  readonly handle = async (record: ConsumedRecord): Promise<SettledOutcome> => {
    const key = record.key!.toString()
    const number = Number(record.value!.toString())
    const last = this.#lastDone.get(key) ?? -1
    if (number > last + 1) this.faults.push(`${key}: ${number} began when ${last} was the last done`)
    if (this.#underWay.has(key)) this.faults.push(`${key}: ${number} began beside another of its key`)
    if (number <= last) this.again++
    this.#underWay.add(key)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    this.#underWay.delete(key)
    this.#lastDone.set(key, Math.max(last, number))
    this.handled++
    return DONE
  }

  done(): number {
    return [...this.#lastDone.values()].reduce((sum, last) => sum + last + 1, 0)
  }
}

test(`rebalance storm for ${STORM_SECONDS} s: order by key and watermark hold, and nothing is done twice`, {
  timeout: (STORM_SECONDS + 120) * 1_000,
}, async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster, 12)
  const groupId = uniqueName('storm')
  const watcher = new Watcher()
  const producer = new Producer(cluster)
  await producer.start([topic])
  onTestFinished(() => producer.close())
  let sent = 0
  const members: Consumer[] = []
  const join = async (): Promise<void> => {
    const options = { commitIntervalMs: 200, heartbeatMs: 300 }
    members.push(await startMember({ cluster: testCluster(), topic, groupId, handle: watcher.handle, options }))
  }
  await join()
  await join()
  const commits = watchCommits(cluster, groupId)
  const endMs = Date.now() + STORM_SECONDS * 1_000
  let changes = 0
  const storm = (async () => {
    while (Date.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      if (members.length < 2 || (members.length < 5 && Math.random() < 0.5)) await join()
      else await members.splice(Math.floor(Math.random() * members.length), 1)[0]!.stop()
      changes++
    }
  })()
  while (Date.now() < endMs) {
    const round = Array.from({ length: 50 }, (_, n) => producer.send({ topic, key: `k${n}`, value: `${sent / 50}` }))
    await Promise.all(round)
    sent += 50
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await storm
  await eventually(
    'all records are handled',
    () => watcher.done(),
    (done) => done === sent,
  )
  for (const each of members) await each.stop()
  await commits.stop()
  console.log(
    `storm: ${changes} changes, ${sent} sent, ${watcher.handled} handled, ${watcher.again} again, ` +
      `${commits.looks()} looks at the commits`,
  )
  expect(watcher.faults).toEqual([])
  expect(commits.stepsBack).toEqual([])
  expect(watcher.done()).toBe(sent)
  // A member that releases a partition finishes what it has begun, and commits it; nothing else is in flight.
  expect(watcher.again).toBe(0)
  const committed = await committedByPartition(cluster, groupId)
  expect([...committed.values()].reduce((sum, offset) => sum + offset, 0)).toBe(sent)
})

/** Four members that restart one after the other. Returns how many partitions moved to another member. */
async function rollingRestart(
  instanceOf: (n: number) => string | null,
): Promise<{ moved: number; rebalances: number }> {
  const topic = await freshTopic(testCluster(), 12)
  const groupId = uniqueName('rolling')
  const owners = new Map<string, number>()
  let moved = 0
  let rebalances = 0
  const start = (n: number): Promise<Consumer> => {
    const assigned = (partitions: readonly TopicPartition[]): void => {
      for (const { partition } of partitions) {
        const before = owners.get(`${partition}`)
        if (before !== undefined && before !== n) moved++
        owners.set(`${partition}`, n)
      }
    }
    return startMember({
      cluster: testCluster(),
      topic,
      groupId,
      handle: () => DONE,
      options: { groupInstanceId: instanceOf(n), heartbeatMs: 300 },
      observer: { assigned, rebalanced: () => rebalances++ },
    })
  }
  const members = await Promise.all([0, 1, 2, 3].map(start))
  const counts = (): number[] => members.map(({ partitions }) => partitions.length)
  const isEven = (each: number[]): boolean => each.every((count) => count === 3)
  expect(await eventually('each of 4 members has 3 partitions', counts, isEven)).toEqual([3, 3, 3, 3])
  moved = 0
  rebalances = 0
  for (const n of [0, 1, 2, 3]) {
    await members[n]!.stop()
    members[n] = await start(n)
    expect(await eventually('each of 4 members has 3 partitions', counts, isEven)).toEqual([3, 3, 3, 3])
  }
  return { moved, rebalances }
}

test('a rolling restart of members with lasting names moves nothing', async () => {
  const { moved, rebalances } = await rollingRestart((n) => `member-${n}`)
  expect(moved).toBe(0)
  // Each finds its own place again. Only the leader has all four rejoin once: topics may have grown while it was gone.
  expect(rebalances).toBeGreaterThanOrEqual(4)
  expect(rebalances).toBeLessThanOrEqual(8)
})

test('a rolling restart of members without lasting names moves no more than each one’s share, there and back', async () => {
  const { moved } = await rollingRestart(() => null)
  expect(moved).toBeLessThanOrEqual(4 * 2 * 3)
})

test('a member that slept through its session commits nothing when it wakes, and begins nothing', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster)
  const groupId = uniqueName('zombie')
  await fill(cluster, topic, 2_000)
  const script = join(import.meta.dirname, '../servers/frozen-member.ts')
  const child = fork(script, [inject('kafkaBrokers'), topic, groupId], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  createInterface(child.stdout!).on('line', (line) => lines.push(line))
  await eventually(
    'the frozen member has begun 150 records',
    () => lines.filter((line) => line.startsWith('began')).length,
    (begun) => begun > 150,
  )
  child.kill('SIGSTOP')
  const begunBefore = lines.length
  const seen = new Set<number>()
  await startMember({
    cluster,
    topic,
    groupId,
    handle: (record) => {
      seen.add(record.offset)
      return DONE
    },
    options: { sessionTimeoutMs: 6_000, heartbeatMs: 500, commitIntervalMs: 100 },
  })
  const commits = watchCommits(cluster, groupId)
  await eventually(
    'the group has committed all 2,000 records',
    () => committedByPartition(cluster, groupId),
    (committed) => committed.get(0) === 2_000,
  )
  child.kill('SIGCONT')
  await eventually(
    'the frozen member has lost its partition',
    () => lines.includes('lost'),
    (lost) => lost,
  )
  // Long enough for several of its commits.
  await eventually('60 looks at the commits', commits.looks, (looks) => looks > 60)
  await commits.stop()
  expect(commits.stepsBack).toEqual([])
  expect(await committedByPartition(cluster, groupId)).toEqual(new Map([[0, 2_000]]))
  expect(lines.slice(begunBefore + 8).filter((line) => line.startsWith('began'))).toEqual([])
  expect(Math.max(...seen)).toBe(1_999)
})

test('partitions that a member keeps in a rebalance are not interrupted, and what it has buffered is not delivered again', async () => {
  const cluster = testCluster()
  const topic = await freshTopic(cluster, 4)
  const groupId = uniqueName('kept')
  await fill(cluster, topic, 400)
  const times = new Map<string, number>()
  const release = Promise.withResolvers<void>()
  const handle = async (record: ConsumedRecord): Promise<SettledOutcome> => {
    const name = `${record.partition}@${record.offset}`
    times.set(name, (times.get(name) ?? 0) + 1)
    await release.promise
    return DONE
  }
  const options = { heartbeatMs: 300, drainMsMax: 500 }
  const first = await startMember({ cluster, topic, groupId, handle, options })
  await eventually(
    '20 records are handled',
    () => times.size,
    (count) => count >= 20,
  )
  const second = await startMember({ cluster: testCluster(), topic, groupId, handle, options })
  await eventually(
    'the second member has 2 partitions',
    () => second.partitions.length,
    (count) => count === 2,
  )
  const kept = new Set(first.partitions.map(({ partition }) => partition))
  release.resolve()
  await eventually(
    'all 400 records are handled',
    () => times.size,
    (count) => count === 400,
  )
  expect(times.size).toBe(400)
  const again = [...times].filter(([, count]) => count > 1).map(([name]) => Number(name.split('@')[0]))
  // Handlers of partitions that moved did not end within the drain time: those, and only those, are given again.
  expect(again.filter((partition) => kept.has(partition))).toEqual([])
})
