import type { Pool } from '../postgres/pool.ts'
import { sleep } from '../runtime/backoff.ts'
import type { Log } from '../runtime/log.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import type { Values } from '../runtime/settings.ts'
import type { webhookSettings } from './config.ts'
import { DatabaseClock } from './database-clock.ts'
import { type DeliveryOutcome, EventDelivery } from './deliver-events.ts'
import { EndpointDirectory } from './endpoint-directory.ts'
import { EventPoster } from './post-event.ts'
import { PostQueue } from './post-queue.ts'
import { PostSlots } from './post-slots.ts'
import { RetryLoop } from './retry-events.ts'
import { RetrySettler } from './settle-retries.ts'

/** Events that may wait a moment for a slot, for each post that may be in flight. */
const WAITING_PER_REQUEST = 4
/** Of the posts in flight, the part that may be retries. */
const RETRY_PART = 1 / 4
/** Beyond its time-out a post needs this to be written down, before others may take its event for abandoned. */
const LEASE_MARGIN_MS = 20_000
const DRAIN_MS_MAX = 10_000
const HOUR_MS = 3_600_000

export interface DeliverySettings
  extends Pick<
    Values<typeof webhookSettings>,
    | 'WEBHOOK_REQUESTS_MAX'
    | 'WEBHOOK_REQUESTS_PER_CUSTOMER_MAX'
    | 'WEBHOOK_REQUESTS_PER_ENDPOINT_MAX'
    | 'WEBHOOK_TIMEOUT_MS'
    | 'WEBHOOK_DISABLE_AFTER_HOURS'
    | 'WEBHOOK_ALLOW_PRIVATE'
  > {}

export interface DeliveryNeeds {
  readonly settings: DeliverySettings
  readonly pool: Pool
  readonly log: Log
  readonly counted: (outcome: DeliveryOutcome, seconds: number) => void
  readonly exhausted: () => void
}

/** What delivers events, connected: for the role, for a replay, and for tests. */
export interface Delivery {
  readonly events: EventDelivery
  readonly retries: RetryLoop
  readonly slots: PostSlots
  readonly queue: PostQueue
  /** Health checks, by name. */
  readonly failures: Readonly<Record<string, RepeatedFailure>>
  /** Awaits what is in flight, for ten seconds at most, and closes all connections. */
  stop(): Promise<void>
}

export function createDelivery({ settings, pool, log, counted, exhausted }: DeliveryNeeds): Delivery {
  const requestsMax = settings.WEBHOOK_REQUESTS_MAX
  const clock = new DatabaseClock()
  const poster = new EventPoster({
    timeoutMs: settings.WEBHOOK_TIMEOUT_MS,
    allowPrivate: settings.WEBHOOK_ALLOW_PRIVATE === 'yes',
    clock,
  })
  const slots = new PostSlots({
    requestsMax,
    perCustomerMax: settings.WEBHOOK_REQUESTS_PER_CUSTOMER_MAX,
    perEndpointMax: settings.WEBHOOK_REQUESTS_PER_ENDPOINT_MAX,
  })
  const queue = new PostQueue(slots, requestsMax * WAITING_PER_REQUEST)
  const disableAfterMs = settings.WEBHOOK_DISABLE_AFTER_HOURS * HOUR_MS || null
  const settler = new RetrySettler({ pool, log, disableAfterMs, exhausted })
  const leaseMs = settings.WEBHOOK_TIMEOUT_MS + LEASE_MARGIN_MS
  const failures = {
    'webhook events': new RepeatedFailure({ what: 'storing webhook events', log }),
    'webhook retries': new RepeatedFailure({ what: 'retrying webhook events', log }),
  }
  const directory = new EndpointDirectory(pool, clock)
  const events = new EventDelivery({
    ...{ directory, queue, poster, settler, leaseMs, counted },
    failure: failures['webhook events'],
  })
  const retries = new RetryLoop({
    ...{ pool, slots, queue, poster, settler, leaseMs, counted },
    failure: failures['webhook retries'],
    requestsMax: Math.max(1, Math.floor(requestsMax * RETRY_PART)),
  })
  return {
    ...{ events, retries, slots, queue, failures },
    async stop() {
      queue.stop()
      const drained = Promise.all([events.drain(), retries.stop()])
      await Promise.race([drained, sleep(DRAIN_MS_MAX)])
      await poster.close()
      await drained
    },
  }
}
