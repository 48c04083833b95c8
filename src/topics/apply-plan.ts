import { addPartitions } from '../kafka/admin/add-partitions.ts'
import { alterTopicConfigs } from '../kafka/admin/alter-configs.ts'
import { createTopics } from '../kafka/admin/create-topics.ts'
import { deleteTopic } from '../kafka/admin/delete-topic.ts'
import { reassignPartitions } from '../kafka/admin/reassign-partitions.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { awaitDrained } from './await-drained.ts'
import { awaitReassignment } from './await-reassignment.ts'
import { awaitVisible, checkPlan } from './make-plan.ts'
import { liftThrottle, throttleReplication } from './throttle-replication.ts'
import type { PlannedChange, TopicsPlan } from './topics-plan.ts'

export interface ApplyOptions {
  /** What copying replicas may take of each broker's network. */
  readonly throttleBytesPerSecond: number
  /** Names of the topics that may be deleted. */
  readonly mayDelete: readonly string[]
  /** Add partitions only when every group has read the topic to its end; wait so long for that, null not at all. */
  readonly drainMsMax: number | null
  /** Called with the step under way. */
  readonly progress: (what: string) => void
  /** Called with each change that was made. */
  readonly applied: (change: PlannedChange) => void
}

/**
 * Applies a plan in its order, after making sure that it still holds. Interrupted or failed, it leaves what was done
 * done; a new plan shows the rest. Throws ExpectedError when the plan does not hold, and KafkaError.
 */
export async function applyPlan(cluster: Cluster, plan: TopicsPlan, options: ApplyOptions): Promise<void> {
  demandConsent(plan, options.mayDelete)
  await checkPlan(cluster, plan)
  await validateConfigs(cluster, plan)
  for (const change of plan.changes) {
    await applyChange(cluster, change, options)
    options.applied(change)
  }
  if (await awaitVisible(cluster, plan)) return
  options.progress('applied; some brokers do not show it yet, so `smsgw topics plan` may still list it')
}

function demandConsent({ changes }: TopicsPlan, mayDelete: readonly string[]): void {
  const deleted = changes.filter(({ kind }) => kind === 'delete-topic').map(({ topic }) => topic)
  const unnamed = deleted.filter((topic) => !mayDelete.includes(topic))
  if (unnamed.length === 0) return
  throw new ExpectedError(
    `This plan deletes ${unnamed.join(', ')} with all records, which cannot be undone. To do that, name each: ` +
      `smsgw topics apply … ${unnamed.map((topic) => `--delete ${topic}`).join(' ')}`,
  )
}

/** Lets the cluster say no to a value before anything is changed. */
async function validateConfigs(cluster: Cluster, { changes }: TopicsPlan): Promise<void> {
  const set = changes.filter((change) => change.kind === 'set-config')
  for (const [topic, members] of Map.groupBy(set, (change) => change.topic)) {
    const values = members.map(({ name, to }) => ({ name, value: to }))
    await alterTopicConfigs(cluster, topic, values, { validateOnly: true })
  }
}

async function applyChange(cluster: Cluster, change: PlannedChange, options: ApplyOptions): Promise<void> {
  const { topic } = change
  switch (change.kind) {
    case 'create-topic':
      return createTopics(cluster, [{ ...change, name: topic }])
    case 'set-config':
      return alterTopicConfigs(cluster, topic, [{ name: change.name, value: change.to }])
    case 'remove-config':
      return alterTopicConfigs(cluster, topic, [{ name: change.name, value: null }])
    case 'add-partitions':
      if (options.drainMsMax !== null) await awaitDrained(cluster, topic, options.drainMsMax, options.progress)
      return addPartitions(cluster, topic, change.to, change.replicas)
    case 'reassign':
      return reassign(cluster, change, options)
    case 'delete-topic':
      return deleteTopic(cluster, topic)
  }
}

async function reassign(
  cluster: Cluster,
  { topic, moves }: Extract<PlannedChange, { kind: 'reassign' }>,
  { throttleBytesPerSecond, progress }: ApplyOptions,
): Promise<void> {
  const throttled = await throttleReplication(cluster, topic, moves, throttleBytesPerSecond)
  await reassignPartitions(
    cluster,
    moves.map(({ partition, to }) => ({ topic, partition, replicas: to })),
  )
  progress(
    `moving ${moves.length} partitions of ${topic}. It goes on without this command: ` +
      '`smsgw topics reassignments` shows it, --wait waits for its end, --cancel takes it back.',
  )
  await awaitReassignment(cluster, topic, progress)
  if (throttled) await liftThrottle(cluster, [topic])
}
