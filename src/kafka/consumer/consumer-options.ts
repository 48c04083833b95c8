/** How a consumer reads. Times in milliseconds, sizes in bytes. */
export interface ConsumerOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  /** A lasting name makes the member static: a restart within the session time-out moves no partitions. */
  readonly groupInstanceId: string | null
  /** Where to begin without a committed offset, or when it has fallen out of the log. */
  readonly startFrom: 'earliest' | 'latest'
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  readonly rebalanceTimeoutMs: number
  readonly fetchBytesMin: number
  readonly fetchWaitMsMax: number
  /** After an answer that held little, the wait before the next fetch: fewer, larger answers under steady load. */
  readonly fetchPauseMs: number
  readonly partitionBytesMax: number
  readonly fetchBytesMax: number
  /** Records in hand per partition, done ones above the watermark included, before it is no longer fetched. */
  readonly recordsPerPartitionMax: number
  readonly bytesPerPartitionMax: number
  readonly commitIntervalMs: number
  /** How often leaders and partition counts are read again, so that a topic that grows is noticed. */
  readonly metadataAgeMsMax: number
  /** How long handlers may go on after their partition was revoked, or the consumer stopped. */
  readonly drainMsMax: number
}

const DELIVERY_WORKER = {
  groupInstanceId: null,
  startFrom: 'earliest',
  sessionTimeoutMs: 10_000,
  heartbeatMs: 3_000,
  rebalanceTimeoutMs: 60_000,
  fetchBytesMin: 1,
  fetchWaitMsMax: 500,
  fetchPauseMs: 0,
  partitionBytesMax: 1_048_576,
  fetchBytesMax: 8_388_608,
  recordsPerPartitionMax: 10_000,
  bytesPerPartitionMax: 4_194_304,
  commitIntervalMs: 1_000,
  metadataAgeMsMax: 30_000,
  drainMsMax: 10_000,
} as const satisfies Omit<ConsumerOptions, 'groupId' | 'topics'>

/** The defaults with what differs from them. Throws RangeError naming the option that cannot be. */
export function consumerOptions(
  required: Pick<ConsumerOptions, 'groupId' | 'topics'>,
  overrides: Partial<ConsumerOptions> = {},
): ConsumerOptions {
  const options = { ...DELIVERY_WORKER, ...overrides, ...required }
  if (options.groupId === '') throw new RangeError('groupId is empty')
  if (options.topics.length === 0) throw new RangeError('topics is empty')
  if (options.heartbeatMs * 3 > options.sessionTimeoutMs) {
    throw new RangeError('heartbeatMs must be a third of sessionTimeoutMs or less, so that one may be lost')
  }
  if (options.partitionBytesMax > options.fetchBytesMax) throw new RangeError('partitionBytesMax exceeds fetchBytesMax')
  return options
}
