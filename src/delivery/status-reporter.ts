import { eventId } from '../domain/event-id.ts'
import type { Status } from '../domain/status.ts'
import { envelope } from '../events/envelope.ts'
import { eventCodec } from '../events/event-codec.ts'
import { StatusEvent } from '../events/status.ts'
import { TOPICS } from '../events/topics.ts'
import { traceparentOf } from '../events/traceparent.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import { backoffMs, sleep } from '../runtime/backoff.ts'

const codec = eventCodec(StatusEvent)

/** The message that a status is about. */
export interface StatusSubject {
  readonly smsId: number
  readonly customerId: string
  readonly operator: string
  readonly segments: number
  readonly acceptedAtMs: number
  /** As it came with the message; null when it is not at hand. */
  readonly traceparent: string | null
}

export interface StatusDetails {
  readonly attempt: number
  readonly possibleDuplicate: boolean
  readonly operatorMessageId?: string | null
  readonly errorCode?: string | null
  readonly errorMessage?: string | null
  readonly deliveredAt?: Date
}

type SendFailed = (error: unknown) => void

/** Publishes what becomes of messages on `sms.status`. */
export class StatusReporter {
  readonly #producer: Producer
  readonly #failed: SendFailed
  #stopped = false

  constructor(producer: Producer, failed: SendFailed) {
    this.#producer = producer
    this.#failed = failed
  }

  /**
   * Resolves when Kafka has the event, however long that takes. Events of one message arrive in the order of the
   * calls, unless one had to be sent again; then whoever reads them can tell by their attempts.
   * Throws only when stopped meanwhile.
   */
  async report(subject: StatusSubject, status: Status, details: StatusDetails): Promise<void> {
    const nowMs = Date.now()
    const event = statusEvent(subject, status, details, nowMs)
    const record = {
      topic: TOPICS.status,
      key: String(subject.smsId),
      value: codec.encode(event),
      headers: envelope(
        {
          id: event.event_id,
          type: `${TOPICS.status}.${status}`,
          time: event.occurred_at,
          traceparent: traceparentOf(subject.smsId, subject.traceparent),
        },
        '/smsgw/worker',
      ),
    }
    for (let failures = 1; ; failures++) {
      try {
        await this.#producer.send(record)
        return
      } catch (error) {
        this.#failed(error)
        if (this.#stopped) throw error
        await sleep(backoffMs(failures, 100, 5_000))
      }
    }
  }

  /** From now on a failure is final: what is not published will be again, by the next worker. */
  stop(): void {
    this.#stopped = true
  }
}

function statusEvent(subject: StatusSubject, status: Status, details: StatusDetails, nowMs: number): StatusEvent {
  return {
    event_id: eventId(subject.smsId, status, details.attempt),
    sms_id: subject.smsId,
    customer_id: subject.customerId,
    status,
    operator_message_id: details.operatorMessageId ?? null,
    error_code: details.errorCode ?? null,
    error_message: details.errorMessage ?? null,
    delivered_at: details.deliveredAt?.toISOString() ?? null,
    latency_ms: Math.max(0, nowMs - subject.acceptedAtMs),
    occurred_at: new Date(nowMs).toISOString(),
    operator: subject.operator,
    attempt: details.attempt,
    segments: subject.segments,
    possible_duplicate: details.possibleDuplicate,
  }
}
