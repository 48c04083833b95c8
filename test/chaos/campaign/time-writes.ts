import { Cluster } from '../../../src/kafka/cluster/cluster.ts'
import { LATEST, listOffsets } from '../../../src/kafka/consumer/fetch/list-offsets.ts'
import { insist } from './insist.ts'

const TOPICS = ['sms.accepted', 'sms.delivery']
const BEFORE_MS = 1_500
const EVERY_MS = 200
const WAIT_MS_MAX = 60_000

/** How long the partitions that a broker led, and that were being written, took no writes; null: beyond a minute. */
export interface ResumedWrites {
  readonly nodeId: number
  readonly partitions: number
  readonly afterMs: number | null
}

/**
 * Breaks a broker and measures from that moment until the committed end of every such partition has moved. Resolves
 * when it is broken; `resumed` returns the rest.
 */
export async function timeWrites(
  brokers: string,
  nodeId: number,
  breakIt: () => Promise<void>,
): Promise<{ resumed: Promise<ResumedWrites> }> {
  const cluster = new Cluster({
    brokers: brokers.split(','),
    clientId: 'chaos-writes',
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 1_000,
  })
  await insist(() => cluster.watch(TOPICS))
  const led = TOPICS.flatMap((topic) =>
    cluster
      .topic(topic)!
      .partitions.filter(({ leader }) => leader === nodeId)
      .map(({ partition }) => ({ topic, partition })),
  )
  const first = await ends(cluster, led)
  await new Promise((resolve) => setTimeout(resolve, BEFORE_MS))
  const last = await ends(cluster, led)
  const waiting = new Map([...last].filter(([place, end]) => end > (first.get(place) ?? end)))
  const partitions = waiting.size
  const brokenMs = Date.now()
  const broken = breakIt()
  const watch = async (): Promise<ResumedWrites> => {
    try {
      return { nodeId, partitions, afterMs: await untilWritten(cluster, led, waiting, brokenMs) }
    } finally {
      await cluster.close()
    }
  }
  const resumed = watch()
  await broken
  return { resumed }
}

/** Milliseconds until the last of those that wait has moved. */
async function untilWritten(
  cluster: Cluster,
  led: readonly Place[],
  waiting: Map<string, number>,
  brokenMs: number,
): Promise<number | null> {
  while (waiting.size > 0) {
    if (Date.now() - brokenMs > WAIT_MS_MAX) return null
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    await cluster.refresh().catch(() => {})
    const open = led.filter((place) => waiting.has(nameOf(place)))
    for (const [name, end] of await ends(cluster, open)) if (end > waiting.get(name)!) waiting.delete(name)
  }
  return Date.now() - brokenMs
}

interface Place {
  readonly topic: string
  readonly partition: number
}

/** The ends of those whose leaders answer. */
async function ends(cluster: Cluster, places: readonly Place[]): Promise<Map<string, number>> {
  const connections = cluster.connections(1_000)
  const byLeader = Map.groupBy(places, ({ topic, partition }) => cluster.leaderOf(topic, partition))
  const answers = await Promise.all(
    [...byLeader.values()].map((members) => listOffsets(cluster, connections, members, LATEST).catch(() => [])),
  )
  await connections.close()
  return new Map(answers.flat().map((each) => [nameOf(each), each.offset]))
}

function nameOf({ topic, partition }: Place): string {
  return `${topic}[${partition}]`
}
