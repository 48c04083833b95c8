import { type Reader, Writer } from '@platformatic/kafka'

/*
  DescribeCluster Request (Version: 2) => include_cluster_authorized_operations endpoint_type include_fenced_brokers TAG_BUFFER
  DescribeCluster Response (Version: 2) => throttle_time_ms error_code error_message endpoint_type cluster_id controller_id [brokers] cluster_authorized_operations TAG_BUFFER
    brokers => broker_id host port rack is_fenced TAG_BUFFER

  The client library ends at version 1, which hides brokers that are registered and not up.
*/
export const DESCRIBE_CLUSTER_API_KEY = 60
export const DESCRIBE_CLUSTER_VERSION = 2
const BROKER_ENDPOINTS = 1

/** A broker that belongs to the cluster, whether or not it takes part now. */
export interface RegisteredBroker {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly isUp: boolean
}

export interface DescribeClusterResponse {
  readonly code: number
  readonly message: string | null
  readonly brokers: readonly RegisteredBroker[]
}

export function encodeDescribeClusterRequest(): Writer {
  return Writer.create().appendBoolean(false).appendInt8(BROKER_ENDPOINTS).appendBoolean(true).appendTaggedFields()
}

export function parseDescribeClusterResponse(
  _correlation: number,
  _key: number,
  _version: number,
  r: Reader,
): DescribeClusterResponse {
  r.readInt32()
  const code = r.readInt16()
  const message = r.readNullableString() ?? null
  r.readInt8()
  r.readNullableString()
  r.readInt32()
  const brokers: RegisteredBroker[] = []
  for (let left = r.readUnsignedVarInt() - 1; left > 0; left--) {
    const nodeId = r.readInt32()
    const [host, port] = [r.readString(), r.readInt32()]
    const rack = r.readNullableString() ?? null
    brokers.push({ nodeId, host, port, rack, isUp: !r.readBoolean() })
    r.readTaggedFields()
  }
  return { code, message, brokers }
}
