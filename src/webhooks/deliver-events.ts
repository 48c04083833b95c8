import { EventFormError, eventCodec } from '../events/event-codec.ts'
import { StatusEvent } from '../events/status.ts'
import { DONE, deadLetter, type Outcome, pauseUntil } from '../kafka/consumer/outcome.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import { isDatabaseAway } from '../postgres/database-errors.ts'
import type { Pool } from '../postgres/pool.ts'
import { WriteTogether } from '../postgres/write-together.ts'
import { nextAttemptMs } from './attempt-plan.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'
import type { EndpointGate } from './endpoint-gate.ts'
import { disableEndpoint, type Endpoint } from './endpoints.ts'
import { eventBody } from './event-body.ts'
import type { EventPoster, PostResult } from './post-event.ts'
import { addRetries, type Retry } from './store-retries.ts'

const codec = eventCodec(StatusEvent)
const DATABASE_PAUSE_MS = 1_000
/** An event that could not even be tried waits so long. */
const TURNED_AWAY_MS = 5_000

export interface DeliverParts {
  readonly pool: Pool
  readonly directory: EndpointDirectory
  readonly gate: EndpointGate
  readonly poster: EventPoster
  readonly counted: (outcome: PostResult['kind'] | 'turned-away', seconds: number) => void
}

/**
 * Tells endpoints of status events, first straight from the record. The record is done when each endpoint has the
 * event, or the table of retries has it for that endpoint.
 */
export class EventDelivery {
  readonly #parts: DeliverParts
  readonly #retries: WriteTogether<Retry>

  constructor(parts: DeliverParts) {
    this.#parts = parts
    this.#retries = new WriteTogether((retries) => addRetries(parts.pool, retries))
  }

  async handle(record: ConsumedRecord): Promise<Outcome> {
    try {
      const event = codec.decode(record.value)
      const endpoints = await this.#parts.directory.of(event.customer_id, record.timestampMs)
      const interested = endpoints.filter(({ statuses }) => statuses.includes(event.status))
      if (interested.length > 0) {
        const body = eventBody(event)
        await Promise.all(interested.map((endpoint) => this.#deliver(endpoint, event.event_id, body)))
      }
      return DONE
    } catch (error) {
      if (error instanceof EventFormError) return deadLetter(error.reason, error.message)
      if (isDatabaseAway(error)) return pauseUntil(Date.now() + DATABASE_PAUSE_MS)
      throw error
    }
  }

  async #deliver(endpoint: Endpoint, eventId: string, body: string): Promise<void> {
    const { gate, poster, counted } = this.#parts
    const id = endpoint.endpoint_id
    const startedMs = Date.now()
    if (!gate.tryBegin(id, startedMs)) {
      counted('turned-away', 0)
      const retry = {
        endpointId: id,
        eventId,
        body,
        attempts: 0,
        lastError: 'turned away',
        nextAtMs: startedMs + TURNED_AWAY_MS,
      }
      return this.#retries.add(retry)
    }
    const result = await poster.post(endpoint, eventId, body)
    const tookMs = Date.now() - startedMs
    gate.end(id, result.kind !== 'failed', tookMs, Date.now())
    counted(result.kind, tookMs / 1_000)
    if (result.kind === 'gone') await disableEndpoint(this.#parts.pool, id, 'answered 410').catch(ignoreDisabled)
    if (result.kind !== 'failed') return
    const nextAtMs = nextAttemptMs(1, result.retryAfterMs, Date.now())!
    await this.#retries.add({ endpointId: id, eventId, body, attempts: 1, lastError: result.error, nextAtMs })
  }
}

/** Many posts may learn at once that an endpoint is gone. */
function ignoreDisabled(error: unknown): void {
  if (isDatabaseAway(error)) throw error
}
