import { asciiDigits } from './digits.ts'

/** E.164: a plus, a country code that does not begin with 0, fifteen digits at most; seven is the shortest in use. */
const E164 = /^\+[1-9][0-9]{6,14}$/

/** Spaces, dots, hyphens, brackets, and the marks of direction that come along when a number is copied. */
const DECORATION = /[\s().\-\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * The number in E.164, or null if it is not an international number. Arabic and Persian digits count as digits, spaces,
 * dots, hyphens and brackets are let pass, and 00 for the plus.
 */
export function toE164(text: string): string | null {
  if (E164.test(text)) return text
  const bare = asciiDigits(text).replace(DECORATION, '').replace(/^00/, '+')
  return E164.test(bare) ? bare : null
}

/** For logs: enough to tell the country and to compare the end, not enough to call. */
export function maskPhone(phone: string): string {
  return phone.length < 8 ? '***' : `${phone.slice(0, 5)}***${phone.slice(-3)}`
}
