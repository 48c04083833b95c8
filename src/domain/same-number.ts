/** Fewer digits are a short code or an extension, and identify no phone. */
const DIGITS_MIN = 7
/** E.164 has fifteen; operators put a carrier's prefix before them. */
const DIGITS_MAX = 20
/**
 * So many equal digits at the end make two spellings one number: the longest national numbers without their prefixes.
 */
const TAIL_DIGITS = 9

const SEPARATORS = /[\s().\-+]/g

/**
 * The digits by which an address from outside can be compared with a phone: without plus, separators and leading zeros
 * (`0098…`, the trunk zero of a national spelling). Null for what is no phone number: names, short codes, masked
 * digits.
 */
export function comparableDigits(address: string): string | null {
  const bare = address.replace(SEPARATORS, '')
  if (!/^[0-9]+$/.test(bare)) return null
  const digits = bare.replace(/^0+/, '')
  return digits.length >= DIGITS_MIN && digits.length <= DIGITS_MAX ? digits : null
}

/**
 * Whether digits of `comparableDigits` name a phone in E.164: the shorter of the two ends the longer (a national
 * spelling, a carrier's prefix), or their last nine digits are equal. Enough among submits that already share an
 * operator's id; never to decide where a message goes. `receipt-statements.ts` says the same in SQL.
 */
export function isSameNumber(phone: string, digits: string): boolean {
  const own = phone.replace('+', '')
  if (own.endsWith(digits) || digits.endsWith(own)) return true
  return own.length >= TAIL_DIGITS && own.slice(-TAIL_DIGITS) === digits.slice(-TAIL_DIGITS)
}
