import { protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka'

/** Codes that callers decide by; everything else is only named. From the Kafka protocol guide, "Error Codes". */
export const KafkaCode = {
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  OFFSET_METADATA_TOO_LARGE: 12,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  RECORD_LIST_TOO_LARGE: 18,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  INVALID_COMMIT_OFFSET_SIZE: 28,
  INVALID_TIMESTAMP: 32,
  TOPIC_ALREADY_EXISTS: 36,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  UNKNOWN_PRODUCER_ID: 59,
  MEMBER_ID_REQUIRED: 79,
  FENCED_INSTANCE_ID: 82,
  INVALID_RECORD: 87,
} as const

/** Answers by which a broker refuses a batch for a record in it, or for its size. */
export const REFUSED_FOR_RECORD: ReadonlySet<number> = new Set([
  KafkaCode.MESSAGE_TOO_LARGE,
  KafkaCode.RECORD_LIST_TOO_LARGE,
  KafkaCode.INVALID_TIMESTAMP,
  KafkaCode.INVALID_RECORD,
])

/** Answers after which the cached leaders are wrong, so metadata is read again before the next try. */
const STALE_METADATA = new Set<string>([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REPLICA_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
])

/** Answers that mean "not now" although the protocol's own table does not mark them so. */
const RETRIABLE_BESIDES = new Set<string>(['UNKNOWN_TOPIC_OR_PARTITION', 'OFFSET_NOT_AVAILABLE'])

/** What a broker answered, with the facts that decide what to do next. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly code: number
  /** The protocol's name of the code, such as `NOT_LEADER_OR_FOLLOWER`. */
  readonly id: string
  readonly retriable: boolean
  readonly staleMetadata: boolean
  /** The broker refused one record for what it is: sent again, alone or with others, it is refused again. */
  readonly isRecordFault: boolean

  constructor(code: number, context: string, isRecordFault = false) {
    const id = (protocolErrorsCodesById as Record<number, string>)[code] ?? `UNKNOWN_CODE_${code}`
    const known = (protocolErrors as Record<string, { message: string; canRetry: boolean }>)[id]
    super(`${context}: ${id} (${known?.message ?? 'a code this client does not know'})`)
    this.code = code
    this.id = id
    this.isRecordFault = isRecordFault
    this.staleMetadata = STALE_METADATA.has(id)
    this.retriable = known?.canRetry === true || this.staleMetadata || RETRIABLE_BESIDES.has(id)
  }
}

/** No broker answered in time, or the connection broke: the outcome of the request is not known. */
export class KafkaUnreachableError extends Error {
  override readonly name = 'KafkaUnreachableError'
  readonly retriable = true
  readonly staleMetadata = true
}

/** A record was not acknowledged before its deadline; whether it was written may not be known. */
export class DeliveryTimeoutError extends Error {
  override readonly name = 'DeliveryTimeoutError'
}

/** The producer's buffer stayed full for longer than a caller may wait. */
export class BufferFullError extends Error {
  override readonly name = 'BufferFullError'
}
