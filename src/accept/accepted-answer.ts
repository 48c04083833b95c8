import { Type } from 'typebox'
import type { AcceptedMessage } from '../domain/accept.ts'

/** The answer to an accepted message. */
export const AcceptedAnswer = Type.Object({
  sms_id: Type.Integer(),
  status: Type.Enum(['accepted', 'scheduled'], { description: '`scheduled` if it waits for its `send_at`' }),
  to: Type.String(),
  segments: Type.Integer(),
  encoding: Type.String(),
  text_changed: Type.Optional(
    Type.Literal(true, { description: 'Look-alikes were put into the text, as `smart` asks' }),
  ),
  cost: Type.Integer({ description: "In the currency's minor unit" }),
  operator: Type.String(),
  client_ref: Type.Optional(Type.String()),
  accepted_at: Type.String(),
  send_at: Type.Optional(Type.String()),
})

/** What an answer is composed of. */
export type AnsweredMessage = Pick<
  AcceptedMessage,
  | 'smsId'
  | 'sendAtMs'
  | 'phone'
  | 'segments'
  | 'encoding'
  | 'textChanged'
  | 'cost'
  | 'operator'
  | 'clientRef'
  | 'acceptedAtMs'
>

export function acceptedAnswer(message: AnsweredMessage): Record<string, unknown> {
  return {
    sms_id: message.smsId,
    status: message.sendAtMs === null ? 'accepted' : 'scheduled',
    to: message.phone,
    segments: message.segments,
    encoding: message.encoding,
    ...(message.textChanged ? { text_changed: true } : {}),
    cost: message.cost,
    operator: message.operator,
    ...(message.clientRef === null ? {} : { client_ref: message.clientRef }),
    accepted_at: new Date(message.acceptedAtMs).toISOString(),
    ...(message.sendAtMs === null ? {} : { send_at: new Date(message.sendAtMs).toISOString() }),
  }
}

/**
 * Of an answer that was stored whole, as until migration 0022, to one message or to a batch: what each message was answered if it was accepted, else
 * null. A problem has no `sms_id`.
 */
export function acceptedIn(response: object): (object | null)[] {
  const results = 'results' in response ? (response.results as object[]) : [response]
  return results.map((result) => ('sms_id' in result ? result : null))
}
