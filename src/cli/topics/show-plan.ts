import { TOPICS } from '../../events/topics.ts'
import { sampleKeys } from '../../kafka/admin/sample-keys.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { retryCall } from '../../kafka/cluster/retry-call.ts'
import { describeChange, describeGrowth, type GrowthEffect, growthEffect } from '../../topics/describe-plan.ts'
import type { Refusal } from '../../topics/plan-topics.ts'
import type { TopicsPlan } from '../../topics/topics-plan.ts'
import { expressPartitions } from './express-partitions.ts'

/** What growing does to the keys, for every topic that a plan grows, with examples of the topic's own keys. */
export async function growthEffects(cluster: Cluster, plan: TopicsPlan): Promise<GrowthEffect[]> {
  const grown = plan.changes.filter((change) => change.kind === 'add-partitions')
  return Promise.all(
    grown.map(async ({ topic, from, to }) => {
      const keys = await keysOf(cluster, topic)
      return growthEffect(topic, from, to, keys, topic === TOPICS.delivery ? expressPartitions() : 0)
    }),
  )
}

/** Some keys of a topic; retried while its leaders are being elected. */
function keysOf(cluster: Cluster, topic: string): Promise<string[]> {
  return retryCall(async () => {
    await cluster.refresh()
    return await sampleKeys(cluster, topic)
  })
}

/** The plan as text: what would change, what growing means, and what is refused with the next thing to do. */
export function planLines(plan: TopicsPlan, refusals: readonly Refusal[], growth: readonly GrowthEffect[]): string[] {
  const lines = [`Cluster ${plan.clusterId}`]
  lines.push(...plan.changes.map((change) => `  ${describeChange(change)}`))
  if (growth.length > 0) lines.push('Keys that move:', ...growth.flatMap(describeGrowth))
  if (refusals.length > 0) lines.push('Refused:', ...refusals.flatMap(refusalLines))
  if (plan.changes.length === 0 && refusals.length === 0) lines.push('  Nothing to do: the topics are as declared.')
  return lines
}

export function refusalLines({ topic, why, next }: Refusal): string[] {
  return [`  ! ${topic}: ${why}.`, `    ${next}`]
}
