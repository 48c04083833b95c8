import { type Static, Type } from 'typebox'
import type { MessageDraft } from '../domain/accept.ts'
import { Problem } from '../domain/errors.ts'
import { toE164 } from '../domain/phone.ts'
import { segment } from '../domain/text/segments.ts'
import type { ChooseRoute } from './route-messages.ts'

/** A duration of ISO 8601 would be longer to write; minutes to days is what validity is given in. */
const VALID_FOR_SECONDS_MAX = 7 * 86_400

export const MessageRequest = Type.Object(
  {
    to: Type.String({ description: 'The recipient, in international form', examples: ['+989121234567'] }),
    text: Type.String({ description: 'What to send', examples: ['Your code is 123456'] }),
    from: Type.Optional(
      Type.String({ minLength: 1, maxLength: 20, pattern: '^[+]?[A-Za-z0-9 ._-]+$', description: 'The sender' }),
    ),
    priority: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 3, default: 1, description: '3 for one-time passwords, 0 for bulk' }),
    ),
    valid_for: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: VALID_FOR_SECONDS_MAX,
        description: 'Seconds after which the message is not worth sending any more',
      }),
    ),
    client_ref: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Your own name for it' })),
    metadata: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 40 }), Type.String({ maxLength: 500 }), {
        maxProperties: 20,
        description: 'Whatever you want to find again with the message',
      }),
    ),
  },
  { additionalProperties: false },
)

export type MessageRequest = Static<typeof MessageRequest>

export interface DraftRules {
  readonly route: ChooseRoute
  readonly segmentsMax: number
}

/** Checks, routes and prices a message. Throws Problem; `pointer` is where the message stands in the request's body. */
export function draftMessage(request: MessageRequest, rules: DraftRules, nowMs: number, pointer = ''): MessageDraft {
  const phone = toE164(request.to)
  if (!phone) {
    throw new Problem('invalid-phone', 'Write the number with its country code, as in +989121234567.', [
      { pointer: `${pointer}/to`, detail: 'is not an international phone number' },
    ])
  }
  const { encoding, segments } = segment(request.text)
  if (segments === 0 || segments > rules.segmentsMax) {
    const detail = segments === 0 ? 'is empty' : `has ${segments} segments; ${rules.segmentsMax} is the most`
    throw new Problem('invalid-text', `The text ${detail}.`, [{ pointer: `${pointer}/text`, detail }])
  }
  const [sender, priority] = [request.from ?? null, request.priority ?? 1]
  const { operator, price, why, mccMnc } = rules.route({ phone, sender, priority }, pointer)
  return {
    phone,
    text: request.text,
    sender,
    encoding,
    segments,
    operator,
    route: why,
    mccMnc,
    cost: segments * price,
    priority,
    validUntilMs: request.valid_for === undefined ? null : nowMs + request.valid_for * 1_000,
    clientRef: request.client_ref ?? null,
    metadata: request.metadata ?? null,
  }
}
