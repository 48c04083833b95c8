import type { TopicPartition } from '../wire/consumer-protocol.ts'
import type { HeadVerdict } from './lanes/head-of-line.ts'

/** The state of one partition. */
export interface PartitionMeasure extends TopicPartition {
  /** Records between the committed offset and the end of what may be read, as last seen. */
  readonly lag: number
  /** Records that no reader gets yet, as their transactions may be open. */
  readonly uncommittedRecords: number
  readonly recordsBuffered: number
  /** Records done beyond the watermark. */
  readonly gap: number
  /** Records that were skipped and wait to be fetched again. */
  readonly deferred: number
  /** Since the oldest buffered record was written to the log; 0 when there is none, or its timestamp is absurd. */
  readonly oldestMs: number
  /** Its buffer is full, or it cannot be read: it is not fetched. */
  readonly isPaused: boolean
  /** What was sent of it last is damaged; it is fetched again in a while. */
  readonly isBlocked: boolean
}

/** The state of a consumer. Counts without a unit in their name only ever rise. */
export interface ConsumerMeasure {
  readonly partitions: readonly PartitionMeasure[]
  readonly recordsBuffered: number
  readonly keysBuffered: number
  readonly keysParked: number
  readonly handledRecords: number
  readonly handlingMs: number
  readonly slowRecords: number
}

/** The events that a consumer reports for metrics and logs. Every part is optional and must be quick. */
export interface ConsumerObserver {
  fetched?(topic: string, records: number, bytes: number): void
  /** Records that were done since the last call; called about every second. */
  completed?(topic: string, records: number): void
  /** About every second. */
  measured?(measure: ConsumerMeasure): void
  committed?(topic: string, partition: number, offset: number): void
  commitAnswered?(partitions: number, ms: number): void
  rebalanced?(generationId: number, owned: number): void
  assigned?(partitions: readonly TopicPartition[]): void
  /** Partitions are to be given up: waits outside the consumer for their records should end now. */
  revoking?(partitions: readonly TopicPartition[]): void
  revoked?(partitions: readonly TopicPartition[], undone: number): void
  /** Partitions that went to others without a goodbye; what was under way may be done twice. */
  lost?(partitions: readonly TopicPartition[]): void
  /** The position was reset: `from` was no longer in the log. */
  outOfRange?(topic: string, partition: number, from: number, to: number): void
  /** A record held its partition back for too long, and is carried to the dead letters. */
  headOfLine?(topic: string, partition: number, offset: number, verdict: HeadVerdict, handedForMs: number): void
  /** The cluster does not know the topic (any more). It is read when it appears. */
  topicMissing?(topic: string): void
  /** The topic was deleted and made again; its partitions are read from their beginning. */
  topicReplaced?(topic: string): void
  /** What a broker sent of a partition is damaged. It is fetched again some times, then passed over as a dead letter. */
  unreadable?(topic: string, partition: number, error: Error): void
  /** Something went wrong that is tried again. */
  troubled?(error: Error): void
  /** A handler chain threw, or a batch failed; it is tried again. */
  handlerFailed?(error: unknown, records: number, failures: number): void
  /** The consumer has stopped for good, and must be looked at. */
  failed?(error: Error): void
}
