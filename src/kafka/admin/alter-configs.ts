import { incrementalAlterConfigsV1 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaCode, KafkaError } from '../errors.ts'
import { BROKER_RESOURCE, TOPIC_RESOURCE } from './describe-configs.ts'

const SET = 0
const REMOVE = 1

/** What becomes of one configuration: a new value, or null to inherit it again. */
export interface ConfigChange {
  readonly name: string
  readonly value: string | null
}

/**
 * Changes configurations of a topic, and leaves every other as it is. With `validateOnly` nothing is changed.
 * Throws KafkaError when the cluster refuses, and then nothing was changed.
 */
export function alterTopicConfigs(
  cluster: Cluster,
  topic: string,
  changes: readonly ConfigChange[],
  { validateOnly = false } = {},
): Promise<void> {
  return alterConfigs(cluster, TOPIC_RESOURCE, topic, changes, validateOnly)
}

/** As `alterTopicConfigs`, for what may be changed of a broker while it runs. */
export function alterBrokerConfigs(cluster: Cluster, nodeId: number, changes: readonly ConfigChange[]): Promise<void> {
  return alterConfigs(cluster, BROKER_RESOURCE, String(nodeId), changes, false)
}

async function alterConfigs(
  cluster: Cluster,
  resourceType: typeof TOPIC_RESOURCE | typeof BROKER_RESOURCE,
  resourceName: string,
  changes: readonly ConfigChange[],
  validateOnly: boolean,
): Promise<void> {
  const configs = changes.map(({ name, value }) =>
    value === null ? { name, configOperation: REMOVE } : { name, configOperation: SET, value },
  )
  const response: incrementalAlterConfigsV1.IncrementalAlterConfigsResponse = await callBroker(
    await cluster.anyConnection(),
    incrementalAlterConfigsV1.api,
    [{ resourceType, resourceName, configs }],
    validateOnly,
  )
  for (const { errorCode, errorMessage } of response.responses) {
    if (errorCode === KafkaCode.NONE) continue
    throw new KafkaError(errorCode, `changing configs of ${resourceName}${errorMessage ? ` (${errorMessage})` : ''}`)
  }
}
