/** What to do when a limit of the plan is reached, by its name; details: `docs/scaling.md`. */
const REMEDIES: Readonly<Record<string, string>> = {
  'partitions of sms.accepted': 'add partitions, having drained',
  'partitions of sms.delivery': 'add partitions, having drained',
  'partitions of sms.status': 'add partitions, having drained',
  'PostgreSQL primaries': 'split by customer_id',
  'API processes, by slots of ids': 'batches of messages, or larger slots',
  'outbox shards': 'split PostgreSQL: each has its own',
  'ClickHouse servers': 'cluster, sharded by sms_id',
  'brokers, by data': 'more brokers, or keep it shorter',
  'brokers, by cores': 'more brokers',
  'binds to operators': 'agree on more',
}

/** What to do when a limit is reached. */
export function remedyFor(what: string): string {
  return REMEDIES[what] ?? 'measure it, and add more of it'
}
