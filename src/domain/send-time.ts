/**
 * Days that a message may be sent ahead, whatever the setting says: look-ups by the time of acceptance reach so far.
 */
export const SEND_AHEAD_DAYS_LIMIT = 30
/** Days that a message may be valid, from the time when it is to be sent. */
export const VALID_DAYS_MAX = 7

const DAY_MS = 86_400_000
/** ISO 8601, extended form, with an offset: without one the hour is ambiguous. */
const FORM = /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** A time in milliseconds since the epoch, or what is wrong with it, to be put behind its name. */
export type SendTime = { readonly ms: number } | { readonly fault: string }

/** Reads when a message is to be sent: a time to come, at most `aheadDaysMax` days ahead. */
export function readSendTime(text: string, nowMs: number, aheadDaysMax: number): SendTime {
  const parts = FORM.exec(text)
  if (!parts || !isDay(Number(parts[1]), Number(parts[2]), Number(parts[3]))) {
    return { fault: 'is not a time of ISO 8601 with its offset, as in 2026-11-24T09:30:00+03:30' }
  }
  const ms = Date.parse(text)
  if (ms <= nowMs) return { fault: 'is in the past' }
  if (ms > nowMs + aheadDaysMax * DAY_MS) return { fault: `is more than ${aheadDaysMax} days ahead` }
  return { ms }
}

/** `Date` takes the 30th of February for the 2nd of March; with two digits, no day comes to its own month again. */
function isDay(year: number, month: number, day: number): boolean {
  return new Date(Date.UTC(year, month - 1, day)).getUTCMonth() === month - 1
}
