/*
  SMPP 3.4, 7.1.1: sixteen characters, `YYMMDDhhmmsstnnp`.
    absolute  t tenths of a second, nn quarters of an hour that local time is ahead (p is +) or behind (-) UTC
    relative  t and nn are zero, p is R; counted from when the SMSC reads it
*/
const DAY_SECONDS = 86_400
const RELATIVE_SECONDS_MAX = 31 * DAY_SECONDS

/** A moment, in UTC; to the tenth of a second, rounded down. Years 2000 to 2099. */
export function formatAbsoluteTime(at: Date): string {
  const iso = at.toISOString()
  if (!/^20\d\d-/.test(iso)) throw new RangeError(`${iso} is not in this century`)
  return `${iso.slice(2, 21).replace(/\D/g, '')}00+`
}

/**
 * A duration in days, hours, minutes and seconds, rounded up to the second, at least one and at most 31 days: longer
 * ones would need months, which have no fixed length.
 */
export function formatRelativeTime(durationMs: number): string {
  const seconds = Math.max(1, Math.ceil(durationMs / 1_000))
  if (!(seconds <= RELATIVE_SECONDS_MAX)) throw new RangeError(`${durationMs} ms exceed 31 days`)
  const [days, hours] = [Math.floor(seconds / DAY_SECONDS), Math.floor((seconds % DAY_SECONDS) / 3_600)]
  const parts = [days, hours, Math.floor((seconds % 3_600) / 60), seconds % 60]
  return `0000${parts.map((each) => String(each).padStart(2, '0')).join('')}000R`
}
