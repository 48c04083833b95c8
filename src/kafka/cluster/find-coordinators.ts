import { findCoordinatorV4 } from '@platformatic/kafka'
import { KafkaError, KafkaUnreachableError } from '../errors.ts'
import { callBroker } from './call-broker.ts'
import type { Cluster } from './cluster.ts'

const COORDINATOR_KEY_GROUP = 0

/** Node ids of the brokers that coordinate groups. Throws KafkaError or KafkaUnreachableError. */
export async function findCoordinators(cluster: Cluster, groupIds: readonly string[]): Promise<Map<string, number>> {
  const response: findCoordinatorV4.FindCoordinatorResponse = await callBroker(
    await cluster.anyConnection(),
    findCoordinatorV4.api,
    COORDINATOR_KEY_GROUP,
    [...groupIds],
  )
  const found = new Map<string, number>()
  for (const { key, errorCode, nodeId } of response.coordinators) {
    if (errorCode !== 0) throw new KafkaError(errorCode, `finding the coordinator of group ${key}`)
    found.set(key, nodeId)
  }
  const missing = groupIds.find((groupId) => !found.has(groupId))
  if (missing !== undefined) throw new KafkaUnreachableError(`no coordinator for group ${missing}`)
  return found
}
