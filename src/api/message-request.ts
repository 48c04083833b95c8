import { type Static, Type } from 'typebox'
import type { MessageDraft } from '../domain/accept.ts'
import { Problem } from '../domain/errors.ts'
import { toE164 } from '../domain/phone.ts'
import { readSendTime, VALID_DAYS_MAX } from '../domain/send-time.ts'
import { segment } from '../domain/text/segments.ts'
import type { ChooseRoute } from './route-messages.ts'

/** A duration of ISO 8601 would be longer to write; minutes to days is what validity is given in. */
const VALID_FOR_SECONDS_MAX = VALID_DAYS_MAX * 86_400

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
    send_at: Type.Optional(
      Type.String({
        maxLength: 40,
        description: 'When to send it: a time of ISO 8601 with its offset, at most 30 days ahead; at once without it',
        examples: ['2026-11-24T09:30:00+03:30'],
      }),
    ),
    valid_for: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: VALID_FOR_SECONDS_MAX,
        description:
          'Seconds after which the message is not worth sending any more, counted from `send_at` if it is given',
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
  /** How many days ahead a message may be scheduled. */
  readonly sendAheadDaysMax: number
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
  const sendAtMs = sendTimeOf(request, rules, nowMs, pointer)
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
    sendAtMs,
    validUntilMs: request.valid_for === undefined ? null : (sendAtMs ?? nowMs) + request.valid_for * 1_000,
    clientRef: request.client_ref ?? null,
    metadata: request.metadata ?? null,
  }
}

function sendTimeOf(request: MessageRequest, rules: DraftRules, nowMs: number, pointer: string): number | null {
  if (request.send_at === undefined) return null
  const time = readSendTime(request.send_at, nowMs, rules.sendAheadDaysMax)
  if ('ms' in time) return time.ms
  throw new Problem('invalid-time', `The time to send ${time.fault}.`, [
    { pointer: `${pointer}/send_at`, detail: time.fault },
  ])
}
