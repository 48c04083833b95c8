/**
 * How many replicas of a partition must be in sync for a write with acks=all. Kafka caps `min.insync.replicas` at the
 * number of replicas, so a topic of one copy takes writes on brokers whose default is two. Kafka's default is 1.
 */
export function effectiveMinInSync(configured: string | undefined, replicas: number): number {
  return Math.min(Number(configured ?? 1), replicas)
}
