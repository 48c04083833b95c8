import { isDeepStrictEqual } from 'node:util'
import { countPartitionsByBroker } from '../kafka/admin/count-partitions.ts'
import type { BrokerConnections, Cluster } from '../kafka/cluster/cluster.ts'
import { sleep } from '../runtime/backoff.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { describeChange } from './describe-plan.ts'
import { type PlanOptions, planTopics, type Refusal } from './plan-topics.ts'
import { readClusterState } from './read-cluster-state.ts'
import type { DeclaredTopic } from './topics-file.ts'
import type { TopicsPlan } from './topics-plan.ts'

const POLL_MS = 100
const VISIBLE_MS_MAX = 10_000

/** Compares what is declared with the cluster as it is now. Changes nothing. */
export async function makePlan(
  cluster: Cluster,
  declared: readonly DeclaredTopic[],
  options: PlanOptions,
): Promise<{ plan: TopicsPlan; refusals: readonly Refusal[] }> {
  const names = declared.map(({ name }) => name)
  const state = await readClusterState(cluster, names, options.prune ? options.owns : null)
  const { changes, refusals } = planTopics(declared, state, options)
  const plan: TopicsPlan = {
    version: 1,
    clusterId: state.clusterId,
    plannedAt: new Date().toISOString(),
    ...options,
    declared: declared.map((topic) => ({ ...topic, configs: { ...topic.configs } })),
    changes: [...changes],
  }
  return { plan, refusals }
}

/**
 * Makes sure that a plan still says what has to be done: that it is of this cluster, and that planning now, for what
 * was declared then, gives the same changes. Throws ExpectedError that names what is different.
 */
export async function checkPlan(cluster: Cluster, shown: TopicsPlan): Promise<void> {
  await cluster.refresh()
  if (cluster.clusterId !== shown.clusterId) {
    throw new ExpectedError(
      `This plan is of cluster ${shown.clusterId}, and the brokers are those of cluster ${cluster.clusterId}. ` +
        'Check KAFKA_BROKERS, or plan anew for this one: smsgw topics plan --out FILE',
    )
  }
  const { plan: now } = await makePlan(cluster, shown.declared, { prune: shown.prune, owns: shown.owns })
  if (isDeepStrictEqual(now.changes, shown.changes)) return
  const lines = [
    ...without(shown.changes, now.changes).map((change) => `  was planned:   ${describeChange(change)}`),
    ...without(now.changes, shown.changes).map((change) => `  is needed now: ${describeChange(change)}`),
  ]
  throw new ExpectedError(
    `The cluster has changed since this was planned (${shown.plannedAt}), and nothing was applied:\n` +
      `${lines.join('\n')}\nLook at it again: smsgw topics plan --out FILE`,
  )
}

/** Waits until every broker shows what a plan has changed, at most ten seconds: they learn of it one by one. Returns whether they all do. */
export async function awaitVisible(cluster: Cluster, plan: TopicsPlan): Promise<boolean> {
  const { declared, prune, owns } = plan
  const deadlineMs = Date.now() + VISIBLE_MS_MAX
  const connections = cluster.connections()
  const isVisible = async (): Promise<boolean> => {
    const { changes } = (await makePlan(cluster, declared, { prune, owns })).plan
    return changes.length === 0 && (await isKnownToAll(cluster, connections, plan))
  }
  try {
    while (!(await isVisible())) {
      if (Date.now() >= deadlineMs) return false
      await sleep(POLL_MS)
    }
    return true
  } finally {
    await connections.close()
  }
}

async function isKnownToAll(cluster: Cluster, connections: BrokerConnections, plan: TopicsPlan): Promise<boolean> {
  const wanted = new Map(plan.declared.map(({ name, partitions }) => [name, partitions]))
  for (const { kind, topic } of plan.changes) if (kind === 'delete-topic') wanted.set(topic, 0)
  const brokers = await countPartitionsByBroker(cluster, connections, [...wanted.keys()])
  return brokers.every((counts) => [...wanted].every(([topic, partitions]) => (counts.get(topic) ?? 0) === partitions))
}

function without<T>(all: readonly T[], some: readonly T[]): T[] {
  return all.filter((each) => !some.some((other) => isDeepStrictEqual(each, other)))
}
