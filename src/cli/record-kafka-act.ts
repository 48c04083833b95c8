import type { ActDetails } from '../admin/acts/admin-act-record.ts'
import { publishAct } from '../admin/acts/publish-act.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { actorOf } from './dlq/dlq-options.ts'

/** Publishes the act of a change in Kafka that is about to be made. Throws what keeps it from being published. */
export async function recordKafkaAct(
  cluster: Cluster,
  options: { readonly by?: string },
  act: ActDetails,
): Promise<void> {
  if (await publishAct(cluster, actorOf(options), act)) return
  console.error('The audit log has no line of this: the topic for acts does not exist yet.')
}
