import type { Compression } from '../wire/record-batch-encode.ts'

/** How a producer trades safety, latency and throughput. Times in milliseconds, sizes in bytes. */
export interface ProducerOptions {
  /** -1: every in-sync replica has the record (`acks=all`); 1: its leader has. */
  readonly acks: -1 | 1
  /** The broker drops a batch that it has already written, so a retry cannot duplicate. Needs acks -1. */
  readonly idempotent: boolean
  readonly compression: Compression
  /** How long a batch waits for company before it is sent, unless it is full. */
  readonly lingerMs: number
  /** Of a batch on the wire, compressed; how much that will be is estimated from the batches before. */
  readonly batchBytesMax: number
  readonly requestBytesMax: number
  /**
   * All records that are buffered or in flight. A full producer makes callers wait, with as many bytes again, and
   * refuses more.
   */
  readonly bufferBytesMax: number
  /** How long a caller may wait for room in the buffer. */
  readonly blockMsMax: number
  readonly requestTimeoutMs: number
  /** From `send` to acknowledgement, retries included; then `send` rejects, also if an attempt is under way. */
  readonly deliveryTimeoutMs: number
  readonly backoffMsFirst: number
  readonly backoffMsMax: number
  readonly inFlightRequestsPerBrokerMax: number
}

const SAFE: ProducerOptions = {
  acks: -1,
  idempotent: true,
  compression: 'snappy',
  lingerMs: 5,
  batchBytesMax: 131_072,
  requestBytesMax: 1_048_576,
  bufferBytesMax: 33_554_432,
  blockMsMax: 10_000,
  requestTimeoutMs: 5_000,
  deliveryTimeoutMs: 10_000,
  backoffMsFirst: 100,
  backoffMsMax: 1_000,
  inFlightRequestsPerBrokerMax: 5,
}

/**
 * Named profiles.
 * - `safe`, the default: nothing acknowledged is lost while one in-sync replica lives, nothing is written twice.
 * - `fast`: acknowledged by the leader alone. What the leader acknowledged and had not yet copied is lost with it,
 *   and a retry after a lost answer writes a record twice.
 * - `batch`: for bulk, with the linger and batch size of Kafka's throughput guides.
 */
const PRODUCER_PROFILES = {
  safe: SAFE,
  fast: { ...SAFE, acks: 1, idempotent: false },
  batch: { ...SAFE, lingerMs: 100, batchBytesMax: 16_384 },
} as const satisfies Record<string, ProducerOptions>

export type ProducerProfile = keyof typeof PRODUCER_PROFILES

export const PRODUCER_PROFILE_NAMES = Object.keys(PRODUCER_PROFILES) as readonly ProducerProfile[]

/**
 * What each profile may lose of records that it reported as acknowledged, and what it may write twice; null for
 * nothing.
 */
export const PRODUCER_LOSS: Readonly<Record<ProducerProfile, string | null>> = {
  safe: null,
  fast: 'a leader that fails takes with it the records that it acknowledged and no other replica has; a lost answer writes its records twice',
  batch: null,
}

/** The profile with what differs from it. Throws RangeError naming the option that cannot be. */
export function producerOptions(profile: ProducerProfile, overrides: Partial<ProducerOptions> = {}): ProducerOptions {
  const options = { ...PRODUCER_PROFILES[profile], ...overrides }
  if (options.idempotent && options.acks !== -1) {
    throw new RangeError('idempotent needs acks -1: Kafka refuses an idempotent producer with acks=1')
  }
  if (options.batchBytesMax > options.requestBytesMax) throw new RangeError('batchBytesMax exceeds requestBytesMax')
  if (options.requestBytesMax > options.bufferBytesMax) throw new RangeError('requestBytesMax exceeds bufferBytesMax')
  if (options.deliveryTimeoutMs < options.lingerMs + options.requestTimeoutMs) {
    throw new RangeError('deliveryTimeoutMs leaves no time for one request: it must reach lingerMs + requestTimeoutMs')
  }
  return options
}
