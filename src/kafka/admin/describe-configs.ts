import { describeConfigsV4 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'
import { KafkaCode, KafkaError } from '../errors.ts'

/** `ConfigResource.Type` of the protocol. */
export const TOPIC_RESOURCE = 2
export const BROKER_RESOURCE = 4

/** Where a value comes from: `ConfigSource` of the protocol. */
const SET_ON_TOPIC = 1
const SET_ON_BROKER = 2
const IS_DEFAULT = 5

/** A configuration value in force. */
export interface ConfigEntry {
  readonly name: string
  /** Empty for a secret, which brokers do not return. */
  readonly value: string
  /** Set on this topic, and not inherited from the brokers. */
  readonly isSetOnTopic: boolean
  /** Set for this broker alone while it runs, which goes before what is set for all of them. */
  readonly isSetOnBroker: boolean
  /** It is not set anywhere. */
  readonly isDefault: boolean
}

/** The configuration of each topic, defaults included. Throws KafkaError. */
export async function describeTopicConfigs(
  cluster: Cluster,
  names: readonly string[],
): Promise<Map<string, ConfigEntry[]>> {
  const connection = await cluster.anyConnection()
  const response: describeConfigsV4.DescribeConfigsResponse = await callBroker(
    connection,
    describeConfigsV4.api,
    names.map((resourceName) => ({ resourceType: TOPIC_RESOURCE, resourceName })),
    false,
    false,
  )
  return new Map(response.results.map((result) => [result.resourceName, entriesOf(result, 'topic')]))
}

/** The configuration of one broker as that broker has it, which no other broker knows. Throws KafkaError. */
export async function describeBrokerConfigs(connections: BrokerConnections, nodeId: number): Promise<ConfigEntry[]> {
  const response: describeConfigsV4.DescribeConfigsResponse = await callBroker(
    await connections.to(nodeId),
    describeConfigsV4.api,
    [{ resourceType: BROKER_RESOURCE, resourceName: String(nodeId) }],
    false,
    false,
  )
  return response.results.flatMap((result) => entriesOf(result, 'broker'))
}

function entriesOf(result: describeConfigsV4.DescribeConfigsResponseResult, kind: string): ConfigEntry[] {
  const { errorCode, resourceName, configs } = result
  if (errorCode !== KafkaCode.NONE) throw new KafkaError(errorCode, `describing ${kind} ${resourceName}`)
  return configs.map(({ name, value, configSource }) => ({
    name,
    value: value ?? '',
    isSetOnTopic: configSource === SET_ON_TOPIC,
    isSetOnBroker: configSource === SET_ON_BROKER,
    isDefault: configSource === IS_DEFAULT,
  }))
}
