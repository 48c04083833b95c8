import type { ConsumedRecord } from '../wire/record-batch-decode.ts'

/** How a consumer reads. Times in milliseconds, sizes in bytes. */
export interface ConsumerOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  /** A lasting name makes the member static: a restart within the session time-out moves no partitions. */
  readonly groupInstanceId: string | null
  /** Where to begin without a committed offset, or when it has fallen out of the log. */
  readonly startFrom: 'earliest' | 'latest'
  /**
   * - `handled`: an offset is committed when its record and all before it are done. A crash loses nothing; what was
   *   under way is done again.
   * - `enqueue`: a record counts as done when it is buffered. Nothing is done twice after a crash, and **what was
   *   buffered is lost with the process**, up to `recordsPerPartitionMax` of each partition; a record that a handler
   *   gives back to be retried is lost in the same way. For work that is worthless when late. What is buffered when a
   *   partition is revoked is still handled here, within the drain time.
   */
  readonly commit: 'handled' | 'enqueue'
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  /**
   * How long a handler may go without an answer (Java's `max.poll.interval.ms`). Beyond it the record is given up as a
   * head-of-line block; where the handling knows no dead letters, the consumer fails and leaves the group, so that
   * another member may try. It is also how long the group waits for this member in a rebalance.
   */
  readonly pollIntervalMsMax: number
  readonly fetchBytesMin: number
  readonly fetchWaitMsMax: number
  /** After an answer that held little, the wait before the next fetch: fewer, larger answers under steady load. */
  readonly fetchPauseMs: number
  readonly partitionBytesMax: number
  readonly fetchBytesMax: number
  /** Records handed to the handlers at once; heartbeats, commits and answers run in between. */
  readonly recordsPerPollMax: number
  /** Records buffered per partition, done ones above the watermark included, before it is no longer fetched. */
  readonly recordsPerPartitionMax: number
  readonly bytesPerPartitionMax: number
  /**
   * Names whose record it is, where some may send so much that others would wait behind it (see
   * `partition-shares.ts`). Records of one share stay in order, and may be overtaken by those of another, also within
   * a lane. Null: first come, first served.
   */
  readonly shareOf: ((record: ConsumedRecord) => string) | null
  /** Records of one share that are buffered, per partition; more are skipped. */
  readonly recordsPerShareMax: number
  /** With `shareOf`: how far a partition is read ahead of its watermark. */
  readonly readAheadOffsetsMax: number
  /** How long a record may keep its partition's hold crowded before it is given up (see `head-of-line.ts`). */
  readonly headCrowdedMsMax: number
  /** How long the first record of a partition may be tried, or wait for its next try, whatever else goes on. */
  readonly headOverdueMsMax: number
  readonly commitIntervalMs: number
  /** How often leaders and partition counts are read again, so that a topic that grows is noticed. */
  readonly metadataAgeMsMax: number
  /** How long handlers may go on after their partition was revoked, or the consumer stopped. */
  readonly drainMsMax: number
}

/** What each way to commit may lose; null for nothing. */
export const COMMIT_LOSS: Readonly<Record<ConsumerOptions['commit'], string | null>> = {
  handled: null,
  enqueue: 'a process that dies loses the records that it has buffered, and those that wait for a retry',
}

const WORKER = {
  groupInstanceId: null,
  startFrom: 'earliest',
  commit: 'handled',
  sessionTimeoutMs: 10_000,
  heartbeatMs: 3_000,
  pollIntervalMsMax: 300_000,
  fetchBytesMin: 1_024,
  fetchWaitMsMax: 500,
  fetchPauseMs: 0,
  partitionBytesMax: 1_048_576,
  fetchBytesMax: 8_388_608,
  recordsPerPollMax: 500,
  recordsPerPartitionMax: 10_000,
  bytesPerPartitionMax: 4_194_304,
  shareOf: null,
  recordsPerShareMax: 1_000,
  readAheadOffsetsMax: 1_000_000,
  headCrowdedMsMax: 10_000,
  headOverdueMsMax: 300_000,
  commitIntervalMs: 1_000,
  metadataAgeMsMax: 5_000,
  drainMsMax: 10_000,
} as const satisfies Omit<ConsumerOptions, 'groupId' | 'topics'>

/**
 * Named profiles.
 * - `worker`, the default: records are handled one by one, many at once.
 * - `bulk`: for readers in batches whose work is cheapest in large pieces, and that no request waits for.
 */
const CONSUMER_PROFILES = {
  worker: WORKER,
  bulk: {
    ...WORKER,
    fetchBytesMin: 65_536,
    fetchPauseMs: 500,
    fetchBytesMax: 16_777_216,
    recordsPerPollMax: 5_000,
    recordsPerPartitionMax: 20_000,
    bytesPerPartitionMax: 8_388_608,
  },
} as const satisfies Record<string, Omit<ConsumerOptions, 'groupId' | 'topics'>>

type ConsumerProfile = keyof typeof CONSUMER_PROFILES

/** The profile with what differs from it. Throws RangeError naming the option that cannot be. */
export function consumerOptions(
  required: Pick<ConsumerOptions, 'groupId' | 'topics'>,
  overrides: Partial<ConsumerOptions> = {},
  profile: ConsumerProfile = 'worker',
): ConsumerOptions {
  const options: ConsumerOptions = { ...CONSUMER_PROFILES[profile], ...overrides, ...required }
  if (options.groupId === '') throw new RangeError('groupId is empty')
  if (options.topics.length === 0) throw new RangeError('topics is empty')
  if (options.groupInstanceId === '') throw new RangeError('groupInstanceId is empty; a dynamic member has null')
  if (options.heartbeatMs * 3 > options.sessionTimeoutMs) {
    throw new RangeError('heartbeatMs must be a third of sessionTimeoutMs or less, so that one may be lost')
  }
  if (options.drainMsMax > options.pollIntervalMsMax) {
    throw new RangeError('drainMsMax exceeds pollIntervalMsMax, for which the group waits in a rebalance')
  }
  if (options.partitionBytesMax > options.fetchBytesMax) throw new RangeError('partitionBytesMax exceeds fetchBytesMax')
  if (options.recordsPerPollMax < 1) throw new RangeError('recordsPerPollMax must be 1 or more')
  if (options.recordsPerShareMax < 1) throw new RangeError('recordsPerShareMax must be 1 or more')
  if (options.readAheadOffsetsMax < options.recordsPerPartitionMax) {
    throw new RangeError('readAheadOffsetsMax is less than recordsPerPartitionMax')
  }
  return options
}
