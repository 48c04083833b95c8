import { sendToBroker } from '../cluster/call-broker.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaCode, KafkaError } from '../errors.ts'
import type { TopicPartition } from '../wire/consumer-protocol.ts'
import {
  ELECT_LEADERS_API_KEY,
  ELECT_LEADERS_VERSION,
  type ElectLeadersResponse,
  encodeElectLeadersRequest,
  parseElectLeadersResponse,
} from '../wire/elect-leaders-v2.ts'

const TIMEOUT_MS = 30_000
/** `ELECTION_NOT_NEEDED`: the preferred replica leads already. */
const NOT_NEEDED = 84

/**
 * Makes the preferred replica, the first of its list, the leader of each partition. It never elects one that is not in
 * sync, so nothing is lost. Throws KafkaError for the first partition whose preferred replica cannot lead now.
 */
export async function electPreferredLeaders(cluster: Cluster, partitions: readonly TopicPartition[]): Promise<void> {
  if (partitions.length === 0) return
  const response: ElectLeadersResponse = await sendToBroker(
    await cluster.anyConnection(),
    ELECT_LEADERS_API_KEY,
    ELECT_LEADERS_VERSION,
    () => encodeElectLeadersRequest(partitions, TIMEOUT_MS),
    parseElectLeadersResponse,
  )
  if (response.code !== KafkaCode.NONE) throw new KafkaError(response.code, 'electing leaders')
  for (const { topic, partition, code, message } of response.results) {
    if (code === KafkaCode.NONE || code === NOT_NEEDED) continue
    throw new KafkaError(code, `electing the leader of ${topic}[${partition}]${message ? ` (${message})` : ''}`)
  }
  await cluster.refresh()
}
