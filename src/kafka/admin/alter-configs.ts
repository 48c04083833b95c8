import { type Connection, incrementalAlterConfigsV1 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
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
export async function alterTopicConfigs(
  cluster: Cluster,
  topic: string,
  changes: readonly ConfigChange[],
  { validateOnly = false } = {},
): Promise<void> {
  const resource = { resourceType: TOPIC_RESOURCE, resourceName: topic } as const
  await alterConfigs(await cluster.anyConnection(), resource, changes, validateOnly)
}

/** As `alterTopicConfigs`, for what may be changed of a broker while it runs; only that broker takes it. */
export async function alterBrokerConfigs(
  connections: BrokerConnections,
  nodeId: number,
  changes: readonly ConfigChange[],
): Promise<void> {
  const resource = { resourceType: BROKER_RESOURCE, resourceName: String(nodeId) } as const
  await alterConfigs(await connections.to(nodeId), resource, changes, false)
}

interface ConfigResource {
  readonly resourceType: typeof TOPIC_RESOURCE | typeof BROKER_RESOURCE
  readonly resourceName: string
}

async function alterConfigs(
  connection: Connection,
  resource: ConfigResource,
  changes: readonly ConfigChange[],
  validateOnly: boolean,
): Promise<void> {
  const configs = changes.map(({ name, value }) =>
    value === null ? { name, configOperation: REMOVE } : { name, configOperation: SET, value },
  )
  const response: incrementalAlterConfigsV1.IncrementalAlterConfigsResponse = await callBroker(
    connection,
    incrementalAlterConfigsV1.api,
    [{ ...resource, configs }],
    validateOnly,
  )
  for (const { errorCode, errorMessage, resourceName } of response.responses) {
    if (errorCode === KafkaCode.NONE) continue
    throw new KafkaError(errorCode, `changing configs of ${resourceName}${errorMessage ? ` (${errorMessage})` : ''}`)
  }
}
