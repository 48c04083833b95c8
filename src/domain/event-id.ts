import { smsIdTimeMs } from './sms-id.ts'
import { STATES, type Status } from './status.ts'

/** What an event of a message is about: a state that it came to, or its task. */
export type EventKind = Status | 'delivery'

/** Part of event ids, as the places of the states are. */
const DELIVERY_PLACE = 1

/** Crockford's base 32, as in the ULID specification. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * The id of an event, in the form of a ULID: the time the message was accepted, then instead of random bits the
 * message's id, the kind of event and the attempt. The same event has the same id however often it is published, by
 * whichever process, so every consumer can recognise a repetition.
 */
export function eventId(smsId: number, kind: EventKind, attempt = 0): string {
  const place = kind === 'delivery' ? DELIVERY_PLACE : STATES[kind].eventPlace
  return base32(smsIdTimeMs(smsId), 10) + base32(smsId, 11) + base32(place, 2) + base32(attempt, 3)
}

function base32(value: number, digits: number): string {
  let text = ''
  for (let left = digits; left > 0; left--) {
    text = ALPHABET[value % 32]! + text
    value = Math.floor(value / 32)
  }
  return text
}
