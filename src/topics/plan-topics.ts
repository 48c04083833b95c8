import { fitToBrokers, MIN_IN_SYNC } from './compare-topics.ts'
import { changeReplicationFactor, type Layout, type Place, placeNewPartitions } from './place-replicas.ts'
import type { DeclaredTopic } from './topics-file.ts'
import type { PlannedChange } from './topics-plan.ts'

/** A topic as a plan sees it. */
export interface TopicState {
  readonly layout: Layout
  /** Values in force, defaults included. */
  readonly configs: ReadonlyMap<string, string>
  /** Names of the configs that are set on the topic itself. */
  readonly overrides: ReadonlySet<string>
}

/** A cluster as a plan sees it. */
export interface ClusterState {
  readonly clusterId: string
  /** How many brokers belong to it, unavailable ones included. */
  readonly brokers: number
  /** The brokers that are up. */
  readonly places: readonly Place[]
  readonly topics: ReadonlyMap<string, TopicState>
}

/** Why something that the file asks for is not done, and what to do instead. */
export interface Refusal {
  readonly topic: string
  readonly why: string
  readonly next: string
}

export interface TopicsDifference {
  readonly changes: readonly PlannedChange[]
  readonly refusals: readonly Refusal[]
}

export interface PlanOptions {
  /** Also remove what the file does not name: configs of declared topics, and topics of its own that it lacks. */
  readonly prune: boolean
  /** Topics whose names begin so belong to the file; null when it owns none but those that it declares. */
  readonly owns: string | null
}

/** Set while replicas move, and removed after that (`throttle-replication.ts`): no drift. */
export const THROTTLED_REPLICAS = ['leader.replication.throttled.replicas', 'follower.replication.throttled.replicas']

/**
 * What has to change so that a cluster has the topics as declared, in the order in which it must be done. Applied to
 * the cluster, it leaves nothing to do. What a cluster cannot do is refused with a reason.
 *
 * Replication is planned for all brokers that belong to the cluster: an unavailable one is no reason to want fewer.
 */
export function planTopics(
  declared: readonly DeclaredTopic[],
  cluster: ClusterState,
  { prune, owns }: PlanOptions,
): TopicsDifference {
  const changes: PlannedChange[] = []
  const refusals: Refusal[] = []
  for (const topic of declared) {
    const wanted = fitToBrokers(topic, cluster.brokers)
    const state = cluster.topics.get(topic.name)
    const planned = state ? changeTopic(wanted, state, cluster.places, prune) : createTopic(wanted, cluster.places)
    changes.push(...planned.changes)
    refusals.push(...planned.refusals)
  }
  if (prune && owns !== null) {
    const names = new Set(declared.map(({ name }) => name))
    for (const [topic, { layout }] of cluster.topics) {
      if (topic.startsWith(owns) && !names.has(topic)) {
        changes.push({ kind: 'delete-topic', topic, partitions: layout.length })
      }
    }
  }
  return { changes, refusals }
}

function createTopic(wanted: DeclaredTopic, places: readonly Place[]): TopicsDifference {
  const { name: topic, partitions, replicationFactor, configs } = wanted
  if (replicationFactor > places.length) return refuseFewBrokers(topic, replicationFactor, places)
  return { changes: [{ kind: 'create-topic', topic, partitions, replicationFactor, configs }], refusals: [] }
}

function changeTopic(
  wanted: DeclaredTopic,
  state: TopicState,
  places: readonly Place[],
  prune: boolean,
): TopicsDifference {
  const { name: topic, partitions, replicationFactor } = wanted
  const configs = changeConfigs(wanted, state, prune)
  const first = configs.filter((change) => !raisesMinInSync(change))
  const from = state.layout.length
  if (partitions < from) {
    const why = `it has ${from} partitions and ${partitions} are declared; Kafka never removes partitions`
    const next = `Declare ${from} partitions, or create a topic of another name and let its readers and writers move there.`
    return { changes: first, refusals: [{ topic, why, next }] }
  }
  const current = state.layout[0]!.length
  const grows = replicationFactor > Math.min(...state.layout.map((replicas) => replicas.length))
  const replicasNeeded = Math.max(partitions > from ? current : 0, grows ? replicationFactor : 0)
  if (replicasNeeded > places.length) {
    return { ...refuseFewBrokers(topic, replicasNeeded, places), changes: first }
  }
  const changes: PlannedChange[] = [...first]
  const added = placeNewPartitions(state.layout, partitions - from, current, places)
  if (added.length > 0) changes.push({ kind: 'add-partitions', topic, from, to: partitions, replicas: added })
  const before = [...state.layout, ...added]
  const after = changeReplicationFactor(before, replicationFactor, places)
  const moves = after.flatMap((to, partition) => {
    const has = before[partition]!
    return has.length === to.length ? [] : [{ partition, from: [...has], to }]
  })
  if (moves.length > 0) changes.push({ kind: 'reassign', topic, replicationFactor, moves })
  return { changes: [...changes, ...configs.filter(raisesMinInSync)], refusals: [] }
}

/** It waits until the replicas are there: asked for before, it would stop every write. */
function raisesMinInSync(change: PlannedChange): boolean {
  return change.kind === 'set-config' && change.name === MIN_IN_SYNC && Number(change.to) > Number(change.from)
}

function changeConfigs(wanted: DeclaredTopic, state: TopicState, prune: boolean): PlannedChange[] {
  const { name: topic, configs } = wanted
  const set = Object.entries(configs)
    .filter(([name, to]) => state.configs.get(name) !== to)
    .map(([name, to]): PlannedChange => ({ kind: 'set-config', topic, name, from: state.configs.get(name) ?? '', to }))
  if (!prune) return set
  const removed = [...state.overrides]
    .filter((name) => !Object.hasOwn(configs, name) && !THROTTLED_REPLICAS.includes(name))
    .map((name): PlannedChange => ({ kind: 'remove-config', topic, name, from: state.configs.get(name) ?? '' }))
  return [...set, ...removed]
}

function refuseFewBrokers(topic: string, replicas: number, places: readonly Place[]): TopicsDifference {
  const up = places.map(({ nodeId }) => nodeId).join(', ') || 'none'
  const why = `${replicas} replicas need as many brokers, and only ${places.length} are up (${up})`
  const next = 'Start the others, then plan again: smsgw topics plan'
  return { changes: [], refusals: [{ topic, why, next }] }
}
