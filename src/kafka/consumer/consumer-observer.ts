import type { TopicPartition } from '../wire/consumer-protocol.ts'

/** What a consumer tells whoever measures and logs it. Every part is optional and must be quick. */
export interface ConsumerObserver {
  fetched?(topic: string, records: number, bytes: number): void
  completed?(topic: string, records: number): void
  committed?(topic: string, partition: number, offset: number): void
  rebalanced?(generationId: number, owned: number): void
  assigned?(partitions: readonly TopicPartition[]): void
  /** Partitions are to be given up: what waits outside the consumer on their records should let go now. */
  revoking?(partitions: readonly TopicPartition[]): void
  revoked?(partitions: readonly TopicPartition[], undone: number): void
  /** Partitions that went to others without a goodbye; what was under way may be done twice. */
  lost?(partitions: readonly TopicPartition[]): void
  /** Reading went on elsewhere than where it stood: `from` was no longer in the log. */
  outOfRange?(topic: string, partition: number, from: number, to: number): void
  /** Something went wrong that is tried again. */
  troubled?(error: Error): void
  /** A handler chain threw, or a batch failed; it is tried again. */
  handlerFailed?(error: unknown, records: number, failures: number): void
  /** The consumer has stopped for good, and must be looked at. */
  failed?(error: Error): void
}
