import { eventId } from '../domain/event-id.ts'
import { ACCEPTED_FIELDS, AcceptedEvent } from '../events/accepted.ts'
import { DeliveryTask, TASK_FIELDS } from '../events/delivery.ts'
import { type EventRecord, envelope } from '../events/envelope.ts'
import { eventCodec } from '../events/event-codec.ts'
import { TOPICS } from '../events/topics.ts'
import { traceparentOf } from '../events/traceparent.ts'
import type { OutboxMessage } from './claim-batch.ts'

const acceptedCodec = eventCodec(AcceptedEvent)
const deliveryCodec = eventCodec(DeliveryTask)

export type DeliveryKey = 'customer' | 'operator'

/**
 * The two records of a stored message. Everything in them follows from what is stored, ids included, so that a
 * message published again is the same message to every consumer.
 */
export function messageEvents(message: OutboxMessage, deliveryKey: DeliveryKey): [EventRecord, EventRecord] {
  const acceptedAt = message.accepted_at.toISOString()
  const traceparent = traceparentOf(message.sms_id, message.traceparent)
  const accepted = acceptedEvent(message, acceptedAt)
  const task = deliveryTask(message, acceptedAt)
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

function acceptedEvent(message: OutboxMessage, acceptedAt: string): AcceptedEvent {
  const own = {
    event_id: eventId(message.sms_id, 'accepted'),
    event_type: 'sms.accepted' as const,
    timestamp: acceptedAt,
    metadata: { ip: message.ip, user_agent: message.user_agent },
  }
  return ACCEPTED_FIELDS.addTo(own, message)
}

function deliveryTask(message: OutboxMessage, acceptedAt: string): DeliveryTask {
  const createdAt = message.send_at?.toISOString() ?? acceptedAt
  const own = { task_id: eventId(message.sms_id, 'delivery'), retry_count: 0, created_at: createdAt }
  const task = TASK_FIELDS.addTo(own, message)
  return createdAt === acceptedAt ? task : { ...task, accepted_at: acceptedAt }
}
