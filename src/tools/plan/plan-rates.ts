/** A rate that the plan is based on, and how far to trust it. */
export interface Rate {
  readonly perSecond: number
  readonly source: 'measured' | 'assumed' | 'given'
  /** Where it was measured, or why it is assumed. */
  readonly basis: string
}

/** What one of each takes a second. A message counts with all its events. */
export const RATES = {
  producePartition: { unit: 'records/s', what: 'a partition, produced to' },
  consumePartition: { unit: 'records/s', what: 'a partition, consumed from' },
  api: { unit: 'messages/s', what: 'an API process' },
  relay: { unit: 'messages/s', what: 'a relay' },
  worker: { unit: 'messages/s', what: 'a delivery worker' },
  clickhouseConsumer: { unit: 'messages/s', what: 'a ClickHouse consumer' },
  analytics: { unit: 'messages/s', what: 'an analytics consumer' },
  status: { unit: 'messages/s', what: 'a status updater' },
  webhooks: { unit: 'messages/s', what: 'a webhook dispatcher' },
  audit: { unit: 'messages/s', what: 'an audit logger' },
  postgresPrimary: { unit: 'messages/s', what: 'a PostgreSQL primary' },
  clickhouseServer: { unit: 'messages/s', what: 'a ClickHouse server' },
  smscBind: { unit: 'messages/s', what: 'a bind to an operator' },
} as const

export type RateName = keyof typeof RATES

export type PlanRates = Readonly<Record<RateName, Rate>>

/**
 * For machines without measured rates, on the cautious side: well below what the processor time of a message
 * comes to (`bench/README.md`: 0.25 ms of a core in the API, relay and worker, 0.15 in what follows, 0.17 in
 * ClickHouse).
 */
export const ASSUMED_RATES: PlanRates = {
  producePartition: assumed(5_000, 'batches of 128 KiB, one in flight'),
  consumePartition: assumed(2_000, 'as many records in flight, answered in a second'),
  api: assumed(1_500, 'the whole gateway did that on two cores'),
  relay: assumed(2_000, 'half of what a core does in front'),
  worker: assumed(1_000, 'a quarter of what a core does in front'),
  clickhouseConsumer: assumed(5_000, 'what a core does'),
  analytics: assumed(5_000, 'as a ClickHouse consumer'),
  status: assumed(2_000, 'a third of what a core does behind'),
  webhooks: assumed(500, '512 requests at once, answered in 250 ms, up to four events'),
  audit: assumed(5_000, 'what a core does behind'),
  postgresPrimary: assumed(6_000, '16 cores; twice what all did on two'),
  clickhouseServer: assumed(20_000, '16 cores; a fifth of what they come to'),
  smscBind: assumed(100, "the operator's contract says"),
}

function assumed(perSecond: number, basis: string): Rate {
  return { perSecond, source: 'assumed', basis }
}

/** Rates that the caller knows better. */
export function givenRates(
  given: Readonly<Partial<Record<RateName, number | undefined>>>,
): Partial<Record<RateName, Rate>> {
  const known = Object.entries(given).filter(([, perSecond]) => perSecond !== undefined)
  return Object.fromEntries(
    known.map(([name, perSecond]) => [name, { perSecond, source: 'given', basis: 'on the command line' }]),
  )
}
