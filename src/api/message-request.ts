import { type Static, Type } from 'typebox'
import type { MessageDraft } from '../domain/accept.ts'
import { asciiDigits } from '../domain/digits.ts'
import { Problem } from '../domain/errors.ts'
import { toE164 } from '../domain/phone.ts'
import { readSendTime, VALID_DAYS_MAX } from '../domain/send-time.ts'
import { parseSender } from '../domain/sender.ts'
import { isStorable, readText, TextOptions, UNSTORABLE } from './message-text.ts'
import type { ChooseRoute } from './route-messages.ts'

/** A duration of ISO 8601 would be longer to write; minutes to days is what validity is given in. */
const VALID_FOR_SECONDS_MAX = VALID_DAYS_MAX * 86_400

export const MessageRequest = Type.Object(
  {
    to: Type.String({ description: 'The recipient, in international form', examples: ['+989121234567'] }),
    text: Type.String({ description: 'What to send', examples: ['Your code is 123456'] }),
    from: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 20,
        description: 'The sender: a name of up to 11 characters, a short code, or a number',
        examples: ['ACME', '30001234'],
      }),
    ),
    ...TextOptions,
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
  const sender = request.from === undefined ? null : readSender(request.from, pointer)
  const { text, textChanged, segmentation } = readText(request, rules.segmentsMax, pointer)
  const { encoding, segments } = segmentation
  checkNotes(request, pointer)
  const sendAtMs = sendTimeOf(request, rules, nowMs, pointer)
  const priority = request.priority ?? 1
  const { operator, price, why, mccMnc } = rules.route({ phone, sender, priority }, pointer)
  return {
    phone,
    text,
    textChanged,
    sender,
    flash: request.flash ?? false,
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

function readSender(from: string, pointer: string): string {
  if (parseSender(from)) return asciiDigits(from)
  const detail = 'is neither a name of up to 11 characters, nor a short code, nor a number'
  throw new Problem('invalid-request', `The sender ${detail}.`, [{ pointer: `${pointer}/from`, detail }])
}

/** One text that PostgreSQL cannot store would fail all messages of its transaction. */
function checkNotes({ client_ref, metadata }: MessageRequest, pointer: string): void {
  if (client_ref !== undefined && !isStorable(client_ref)) throw unstorable(`${pointer}/client_ref`)
  for (const pair of Object.entries(metadata ?? {}))
    if (!pair.every(isStorable)) throw unstorable(`${pointer}/metadata`)
}

function unstorable(pointer: string): Problem {
  return new Problem('invalid-request', `${pointer} ${UNSTORABLE}.`, [{ pointer, detail: UNSTORABLE }])
}

function sendTimeOf(request: MessageRequest, rules: DraftRules, nowMs: number, pointer: string): number | null {
  if (request.send_at === undefined) return null
  const time = readSendTime(request.send_at, nowMs, rules.sendAheadDaysMax)
  if ('ms' in time) return time.ms
  throw new Problem('invalid-time', `The time to send ${time.fault}.`, [
    { pointer: `${pointer}/send_at`, detail: time.fault },
  ])
}
