import type { StatusEvent } from '../events/status.ts'

/** What an endpoint is told of an event. No text and no phone number: who needs them asks by the id. */
export function eventBody(event: StatusEvent): string {
  return JSON.stringify({
    type: `message.${event.status}`,
    timestamp: event.occurred_at,
    data: {
      sms_id: event.sms_id,
      status: event.status,
      operator: event.operator,
      operator_message_id: event.operator_message_id,
      error_code: event.error_code,
      error_message: event.error_message,
      delivered_at: event.delivered_at,
      attempt: event.attempt,
      segments: event.segments,
      possible_duplicate: event.possible_duplicate,
      ...(event.late ? { late: true } : {}),
    },
  })
}
