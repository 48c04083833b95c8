import type { Status } from './status.ts'
import { cleanText } from './text/clean-text.ts'

/** UTF-16 units of a message; the operator's own words in it have at most as many. */
export const ERROR_MESSAGE_CHARS_MAX = 500

/** What is known of an error: all of it is stored, so that a process that publishes the status again writes the same words. */
export interface ErrorFacts {
  readonly status: Status
  /** The operator's code, or ours. */
  readonly code: string | null
  /** The operator's own words, if its answer had some. */
  readonly text: string | null
  /** Whether the operator had accepted the message: then the error is what its receipt says. */
  readonly wasAccepted: boolean
}

/**
 * Codes of ours, and what each means. Those of one plain word are left out: an operator may have the same word for something
 * else.
 */
const OWN_CODES: Readonly<Record<string, string>> = {
  'validity-over': 'the validity period ended first',
  'no-receipt': 'no delivery receipt arrived in time',
  'worker-lost': "a delivery worker stopped before it stored the operator's answer",
  'too-late': 'the attempt was not submitted in time',
  'not-connected': 'the operator was not connected',
  'not-written': 'the connection did not take the message in time',
  'no-room': 'the connection had no room for the message',
  'connection-lost': 'the connection broke before the answer',
  'no-answer': 'the operator did not answer in time',
  'bind-timeout': 'the operator did not answer the bind in time',
  'bind-forgotten': 'the operator lost the bind',
  'unbound-by-smsc': 'the operator closed the session',
  'answer-without-id': 'the answer has no message id',
  'answer-unreadable': 'the answer cannot be read',
  'answer-incomplete': 'the answer broke off',
  'answer-too-long': 'the answer is too long',
  'answer-not-http': 'the answer is not HTTP',
  'text-not-in-encoding': 'the text has a character that the encoding lacks',
  'sender-not-an-address': 'the sender is no address that the protocol can carry',
  'field-too-long': 'a field is longer than the protocol can carry',
}

/** What a status with an error says first, by whether the operator had accepted the message. Null for one that is no error. */
const OPENINGS: Readonly<Record<Status, { readonly refused: string; readonly accepted: string } | null>> = {
  scheduled: null,
  accepted: null,
  sending: null,
  sent: null,
  delivered: null,
  cancelled: null,
  queued: { refused: 'Waiting for another attempt', accepted: 'Waiting for another attempt' },
  rejected: { refused: 'The operator rejected the message', accepted: 'The operator reported the message as rejected' },
  failed: { refused: 'Every attempt failed', accepted: 'The operator reported that delivery failed' },
  expired: { refused: 'The message expired', accepted: 'The message expired at the operator' },
  unknown: {
    refused: 'The outcome is unknown, the operator may have the message',
    accepted: 'The outcome is unknown, the operator has the message',
  },
}

/**
 * `error_message` of a status: plain words with the operator's own code and text. Null for a status that is no error, and
 * for `queued` without one. `meaningOf` explains a code of the operator's protocol. Clean, at most
 * `ERROR_MESSAGE_CHARS_MAX` UTF-16 units.
 */
export function errorMessage(facts: ErrorFacts, meaningOf: (code: string) => string | null): string | null {
  const { status, code, text, wasAccepted } = facts
  const opening = OPENINGS[status]
  if (!opening || (status === 'queued' && code === null)) return null
  const reasons = [...reasonsOf(code, meaningOf), ...(text ? [`"${text}"`] : [])]
  const sentence = [opening[wasAccepted ? 'accepted' : 'refused'], ...reasons].join(': ')
  return cleanText(/[.!?]"?$/.test(sentence) ? sentence : `${sentence}.`, ERROR_MESSAGE_CHARS_MAX)
}

function reasonsOf(code: string | null, meaningOf: (code: string) => string | null): string[] {
  if (code === null) return []
  if (Object.hasOwn(OWN_CODES, code)) return [OWN_CODES[code]!]
  const httpStatus = /^http-(\d{3})$/.exec(code)?.[1]
  if (httpStatus) return [`the operator answered with HTTP status ${httpStatus}`]
  const meaning = meaningOf(code)
  return [meaning === null ? `code ${code}` : `${meaning} (${code})`]
}
