import { type Static, Type } from 'typebox'
import type { MessageDraft } from '../domain/accept.ts'
import { NOTE_LIMITS } from '../domain/customer-notes.ts'
import { asciiDigits } from '../domain/digits.ts'
import { Problem } from '../domain/errors.ts'
import { readPhone } from '../domain/phone.ts'
import { readSendTime, VALID_DAYS_MAX } from '../domain/send-time.ts'
import { parseSender } from '../domain/sender.ts'
import { CLEAN_LINES_PATTERN, CLEAN_PATTERN, cleanText, isClean } from '../domain/text/clean-text.ts'
import { EXPRESS_PRIORITY } from '../events/delivery-partition.ts'
import type { ChooseRoute } from './choose-route.ts'
import { readText, TextFitsEncoding, TextOptions } from './message-text.ts'

/** A duration of ISO 8601 would be longer to write; minutes to days is what validity is given in. */
const VALID_FOR_SECONDS_MAX = VALID_DAYS_MAX * 86_400

export const MessageRequest = Type.Object(
  {
    to: Type.String({
      format: 'phone',
      description: 'The recipient: a number with its country code',
      examples: ['+989121234567'],
    }),
    text: Type.String({ description: 'What to send', examples: ['Your code is 123456'] }),
    from: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 20,
        format: 'sms-sender',
        description: 'The sender: a name of up to 11 characters, a short code, or a number',
        examples: ['ACME', '30001234'],
      }),
    ),
    ...TextOptions,
    priority: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 3,
        default: 1,
        description: '3 for one-time passwords, where your key permits it; 0 for bulk',
      }),
    ),
    send_at: Type.Optional(
      Type.String({
        maxLength: 40,
        format: 'future-date-time',
        description:
          'When to send it, as in 2026-11-24T09:30:00+03:30: a time of ISO 8601 with its offset, at most 30 days ahead; at once without it',
      }),
    ),
    valid_for: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: VALID_FOR_SECONDS_MAX,
        description:
          'Validity period in seconds, counted from `send_at` if given; by default the limit of the gateway, seven days',
      }),
    ),
    client_ref: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: NOTE_LIMITS.clientRefChars,
        pattern: CLEAN_PATTERN,
        description: 'Your own name for it, which statuses and webhooks repeat',
      }),
    ),
    metadata: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        type: 'object',
        propertyNames: {
          minLength: 1,
          maxLength: NOTE_LIMITS.nameChars,
          pattern: CLEAN_PATTERN,
          not: { const: '__proto__' },
        },
        additionalProperties: { type: 'string', maxLength: NOTE_LIMITS.valueChars, pattern: CLEAN_LINES_PATTERN },
        maxProperties: NOTE_LIMITS.names,
        description:
          'Whatever you want to find again with the message; values may have several lines. Statuses and webhooks repeat it',
      }),
    ),
  },
  { additionalProperties: false, ...TextFitsEncoding },
)

export type MessageRequest = Static<typeof MessageRequest>

export interface DraftRules {
  readonly route: ChooseRoute
  readonly segmentsMax: number
  /** Whether priority 3 is permitted. */
  readonly expressAllowed: boolean
  /** How many days ahead a message may be scheduled. */
  readonly sendAheadDaysMax: number
}

/** Checks, routes and prices a message. Throws Problem; `pointer` is the message's place in the request's body. */
export function draftMessage(request: MessageRequest, rules: DraftRules, nowMs: number, pointer = ''): MessageDraft {
  const phone = recipientOf(request.to, pointer)
  const sender = request.from === undefined ? null : readSender(request.from, pointer)
  const { text, textChanged, segmentation } = readText(request, rules.segmentsMax, pointer)
  const { encoding, segments } = segmentation
  checkNotes(request, pointer)
  const sendAtMs = sendTimeOf(request, rules, nowMs, pointer)
  const priority = request.priority ?? 1
  if (priority === EXPRESS_PRIORITY && !rules.expressAllowed) throw expressForbidden(pointer)
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

/** The same, with the Problem as the result. */
export function tryDraft(
  request: MessageRequest,
  rules: DraftRules,
  nowMs: number,
  pointer: string,
): MessageDraft | Problem {
  try {
    return draftMessage(request, rules, nowMs, pointer)
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}

function recipientOf(to: string, pointer: string): string {
  const read = readPhone(to)
  if ('phone' in read) return read.phone
  const detail = `The number ${read.fault}. Write it with its country code, as in +989121234567.`
  throw new Problem('invalid-phone', detail, [{ pointer: `${pointer}/to`, detail: read.fault }])
}

function expressForbidden(pointer: string): Problem {
  const detail = 'may be 3 only with a key that is permitted to send express messages'
  return new Problem('forbidden', `The priority ${detail}.`, [{ pointer: `${pointer}/priority`, detail }])
}

function readSender(from: string, pointer: string): string {
  if (isClean(from) && parseSender(from)) return asciiDigits(from)
  const detail = 'is neither a name of up to 11 characters, nor a short code, nor a number'
  throw new Problem('invalid-request', `The sender ${detail}.`, [{ pointer: `${pointer}/from`, detail }])
}

/**
 * One text that PostgreSQL cannot store would fail all messages of its transaction. Names are shown in lists and logs, so
 * they have no control characters either; values may be of several lines.
 */
function checkNotes({ client_ref, metadata }: MessageRequest, pointer: string): void {
  if (client_ref !== undefined && !isClean(client_ref)) throw invalidNote(`${pointer}/client_ref`, UNCLEAN)
  for (const [name, value] of Object.entries(metadata ?? {})) {
    const at = `${pointer}/metadata/${cleanText(name, NOTE_LIMITS.nameChars)}`
    if (!isClean(name)) throw invalidNote(at, `${UNCLEAN} in its name`)
    // Own names of this kind turn into something else in many a reader of JSON.
    if (name === '__proto__') throw invalidNote(at, 'is not a name that can be used')
    if (!isClean(value.replace(/[\t\r\n]/g, ' '))) throw invalidNote(at, UNCLEAN)
  }
}

const UNCLEAN = 'has a control character, or half of a character that takes two UTF-16 units'

function invalidNote(pointer: string, detail: string): Problem {
  return new Problem('invalid-request', `${pointer} ${detail}.`, [{ pointer, detail }])
}

function sendTimeOf(request: MessageRequest, rules: DraftRules, nowMs: number, pointer: string): number | null {
  if (request.send_at === undefined) return null
  const time = readSendTime(request.send_at, nowMs, rules.sendAheadDaysMax)
  if ('ms' in time) return time.ms
  throw new Problem('invalid-time', `The time to send ${time.fault}.`, [
    { pointer: `${pointer}/send_at`, detail: time.fault },
  ])
}
