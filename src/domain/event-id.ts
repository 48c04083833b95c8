import { smsIdTimeMs } from './sms-id.ts'

/** What an event of a message is about; its place in the list is part of event ids, so add at the end only. */
const EVENT_KINDS = [
  'accepted',
  'delivery',
  'scheduled',
  'queued',
  'sending',
  'sent',
  'delivered',
  'failed',
  'rejected',
  'cancelled',
  'expired',
  'unknown',
] as const

export type EventKind = (typeof EVENT_KINDS)[number]

/** Crockford's base 32, as in the ULID specification. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * The id of an event, in the form of a ULID: the time the message was accepted, then instead of random bits the
 * message's id, the kind of event and the attempt. The same event has the same id however often it is published, by
 * whichever process, so every consumer can recognise a repetition.
 */
export function eventId(smsId: number, kind: EventKind, attempt = 0): string {
  return base32(smsIdTimeMs(smsId), 10) + base32(smsId, 11) + base32(EVENT_KINDS.indexOf(kind), 2) + base32(attempt, 3)
}

function base32(value: number, digits: number): string {
  let text = ''
  for (let left = digits; left > 0; left--) {
    text = ALPHABET[value % 32]! + text
    value = Math.floor(value / 32)
  }
  return text
}
