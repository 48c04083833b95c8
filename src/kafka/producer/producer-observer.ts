/**
 * The events that a producer reports for metrics. Every part is optional and must be quick: it runs on the send path.
 */
export interface ProducerObserver {
  /** A batch was acknowledged. `queueMs` from its first record to its last sending, `roundTripMs` of that sending. */
  acknowledged?(batch: { records: number; bytes: number; queueMs: number; roundTripMs: number; attempts: number }): void
  retried?(error: Error, topic: string, partition: number): void
  failed?(error: Error, records: number, topic: string, partition: number): void
  identityRenewed?(reason: string): void
  /** The producer is closed; nothing is reported after this. */
  closed?(): void
}
