import { eventId } from '../domain/event-id.ts'
import { AcceptedEvent } from '../events/accepted.ts'
import { DeliveryTask } from '../events/delivery.ts'
import { type EventRecord, envelope } from '../events/envelope.ts'
import { eventCodec } from '../events/event-codec.ts'
import { TOPICS } from '../events/topics.ts'
import { traceparentOf } from '../events/traceparent.ts'
import type { MessageRow } from './claim-batch.ts'

const acceptedCodec = eventCodec(AcceptedEvent)
const deliveryCodec = eventCodec(DeliveryTask)

export type DeliveryKey = 'customer' | 'operator'

/**
 * The two records of a stored message. Everything in them follows from what is stored, ids included, so that a
 * message published again is the same message to every consumer.
 */
export function messageEvents(row: MessageRow, deliveryKey: DeliveryKey): [EventRecord, EventRecord] {
  const { sms_id, message } = row
  const acceptedAt = message.accepted_at.toISOString()
  const traceparent = traceparentOf(sms_id, message.traceparent)
  const accepted = acceptedEvent(sms_id, message, acceptedAt)
  const task = deliveryTask(sms_id, message, acceptedAt)
  return [
    {
      topic: TOPICS.accepted,
      key: message.customer_id,
      value: acceptedCodec.encode(accepted),
      headers: envelope(
        { id: accepted.event_id, type: TOPICS.accepted, time: acceptedAt, traceparent },
        '/smsgw/relay',
      ),
    },
    {
      topic: TOPICS.delivery,
      key: deliveryKey === 'customer' ? message.customer_id : message.operator,
      value: deliveryCodec.encode(task),
      headers: envelope({ id: task.task_id, type: TOPICS.delivery, time: acceptedAt, traceparent }, '/smsgw/relay'),
    },
  ]
}

function acceptedEvent(smsId: number, message: MessageRow['message'], acceptedAt: string): AcceptedEvent {
  return {
    event_id: eventId(smsId, 'accepted'),
    event_type: 'sms.accepted',
    timestamp: acceptedAt,
    customer_id: message.customer_id,
    sms_id: smsId,
    phone: message.phone,
    message: message.text,
    cost: message.cost,
    idempotency_key: message.idempotency_key,
    metadata: { ip: message.ip, user_agent: message.user_agent },
    sender: message.sender,
    encoding: message.encoding,
    segments: message.segments,
    operator: message.operator,
    priority: message.priority,
    client_ref: message.client_ref,
    ...(message.send_at === null ? {} : { send_at: message.send_at.toISOString() }),
  }
}

function deliveryTask(smsId: number, message: MessageRow['message'], acceptedAt: string): DeliveryTask {
  return {
    task_id: eventId(smsId, 'delivery'),
    sms_id: smsId,
    customer_id: message.customer_id,
    phone: message.phone,
    message: message.text,
    operator: message.operator,
    priority: message.priority,
    retry_count: 0,
    max_retries: message.max_retries,
    created_at: message.send_at?.toISOString() ?? acceptedAt,
    sender: message.sender,
    encoding: message.encoding,
    segments: message.segments,
    valid_until: message.valid_until?.toISOString() ?? null,
    accepted_at: acceptedAt,
    ...(message.mcc_mnc === null ? {} : { mcc_mnc: message.mcc_mnc }),
    ...(message.flash ? { flash: true } : {}),
  }
}
