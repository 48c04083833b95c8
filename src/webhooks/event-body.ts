import { cleanId, cleanText } from '../domain/text/clean-text.ts'
import { webhookFields } from '../events/carried-fields.ts'
import type { StatusEvent } from '../events/status.ts'

const CODE_CHARS_MAX = 64
const MESSAGE_CHARS_MAX = 500

const FIELDS_OF_MESSAGE = webhookFields()

/**
 * The body of a webhook: well-formed JSON of bounded length whatever the record brings. It has no text and no phone
 * number: a receiver that needs them asks the API by the message's id.
 */
export function eventBody(event: StatusEvent): string {
  return JSON.stringify({
    type: `message.${event.status}`,
    timestamp: event.occurred_at,
    data: {
      ...fieldsOfMessage(event),
      status: event.status,
      operator: cleanText(event.operator, CODE_CHARS_MAX),
      operator_message_id: event.operator_message_id && cleanId(event.operator_message_id),
      error_code: event.error_code && cleanText(event.error_code, CODE_CHARS_MAX),
      error_message: event.error_message && cleanText(event.error_message, MESSAGE_CHARS_MAX),
      delivered_at: event.delivered_at,
      attempt: event.attempt,
      possible_duplicate: event.possible_duplicate,
      ...(event.late ? { late: true } : {}),
    },
  })
}

/** Fields that the message does not have are left out. */
function fieldsOfMessage(event: StatusEvent): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const { name, wire, takeIn } of FIELDS_OF_MESSAGE) {
    const value = takeIn((event as unknown as Record<string, unknown>)[wire])
    if (value !== undefined && value !== null) fields[name] = value
  }
  return fields
}
