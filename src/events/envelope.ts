import type { TopicName } from './topics.ts'

/** The publisher; the CloudEvents attribute `source`. */
export type EventSource = '/smsgw/relay' | '/smsgw/worker' | '/smsgw/status' | '/smsgw/api' | '/smsgw/operations'

export type EventHeaders = [string, string][]

/**
 * The headers of every record: CloudEvents 1.0, Kafka protocol binding in binary mode, and the W3C trace context.
 * `type` is finer than the topic where consumers choose by it without reading the value, as in `sms.status.sent`.
 */
export function envelope(
  event: { id: string; type: string; time: string; traceparent: string },
  source: EventSource,
): EventHeaders {
  return [
    ['ce_specversion', '1.0'],
    ['content-type', 'application/json'],
    ['ce_source', source],
    ['ce_type', event.type],
    ['ce_id', event.id],
    ['ce_time', event.time],
    ['traceparent', event.traceparent],
  ]
}

/** A record for the producer, in the shape that the Kafka layer takes. */
export interface EventRecord {
  readonly topic: TopicName
  readonly key: string
  readonly value: string
  readonly headers: EventHeaders
}
