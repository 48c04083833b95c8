import { digitValue } from './digits.ts'
import { numberingPlanAt } from './numbering-plans.ts'
import { nameCharacter } from './text/name-character.ts'

/** E.164: a plus, a country code that does not begin with 0, fifteen digits at most; seven is the shortest in use. */
const E164 = /^\+[1-9][0-9]{6,14}$/
const DIGITS_MAX = 15
/** Room for a number with all its decoration; a longer text is not looked through. */
const TEXT_MAX = 64
const ZERO = 0x30

/** Brackets, dots, dashes, spaces, and the invisible marks that come along when a number is copied. */
const DECORATION = /^[().（）\u2212\t\p{Pd}\p{Zs}\p{Cf}]$/u
/** A dot with one or two digits behind it, or zeros alone: a spreadsheet's number. Groups of a number have several dots. */
const DECIMALS = /^[^.]*\.(?:\p{Nd}{1,2}|0+)$|\.0$/u
const INVISIBLE = /[\s\p{Cf}]/gu
/** A group in brackets at the end, behind other digits: an extension or a remark. */
const ENDS_IN_BRACKETS = /\p{Nd}.*([(（])[^(（]*[)）][\s\p{Cf}]*$/su

/** Why a text is not a number, to be put behind its name, and the index of the UTF-16 unit at fault where one is. */
export interface PhoneFault {
  readonly fault: string
  readonly index: number | null
}

/** The digits of a number as it was written, without plus or 00, the calling code first. */
export interface WrittenDigits {
  readonly digits: string
}

/**
 * Reads a number in international form: a plus or 00, the country's calling code, the rest. Digits may be of any script,
 * with spaces, dots, dashes, brackets and invisible marks between them. The digits are taken as they are written, but
 * for the trunk zero (`+44 (0)7…`, `+98 0912…`), which is left out in countries that have one. What does not have a
 * length that its country uses is refused, and what spreadsheets and address books make of numbers: decimals,
 * exponents, extensions. Validity of ranges is not judged.
 */
export function readPhone(text: string): { readonly phone: string } | PhoneFault {
  if (isPlainE164(text)) return { phone: text }
  const written = readDigits(text)
  if ('fault' in written) return written
  const bare = withoutTrunkZero(written.digits)
  if ('fault' in bare) return bare
  return checkLength(bare.digits)
}

/** The number in E.164, or null if `readPhone` refuses the text. */
export function toE164(text: string): string | null {
  if (isPlainE164(text)) return text
  const read = readPhone(text)
  return 'phone' in read ? read.phone : null
}

/** The digits of an international number, or why it is none. Neither length nor trunk zero is looked at. */
export function readDigits(text: string): WrittenDigits | PhoneFault {
  if (text.length > TEXT_MAX) return { fault: `has more than ${TEXT_MAX} characters`, index: TEXT_MAX }
  const end = text.trimEnd().length
  let index = text.length - text.trimStart().length
  let digits = ''
  let hasPlus = false
  while (index < end) {
    const character = String.fromCodePoint(text.codePointAt(index)!)
    const value = digitValue(character)
    if (value !== null) digits += value
    else if ((character === '+' || character === '＋') && digits === '' && !hasPlus) hasPlus = true
    else if (!DECORATION.test(character)) return { fault: `has ${nameCharacter(character)} at ${index}`, index }
    index += character.length
  }
  const decimals = findDecimals(text)
  if (decimals !== null) return { fault: `has decimals at ${decimals}, as a spreadsheet writes them`, index: decimals }
  const brackets = ENDS_IN_BRACKETS.exec(text)
  if (brackets) {
    const place = text.lastIndexOf(brackets[1]!)
    return { fault: `ends in brackets at ${place}`, index: place }
  }
  if (hasPlus) return { digits }
  if (digits.startsWith('00')) return { digits: digits.slice(2) }
  return { fault: 'does not begin with + or 00 and the calling code of a country', index: null }
}

/** Where the decimals of a number begin that a spreadsheet wrote; null if it has none. */
export function findDecimals(text: string): number | null {
  return text.includes('.') && DECIMALS.test(text.replace(INVISIBLE, '')) ? text.lastIndexOf('.') : null
}

/** The digits without the zero that is dialled at home alone, or why it cannot be left out. */
export function withoutTrunkZero(digits: string): WrittenDigits | PhoneFault {
  const plan = numberingPlanAt(digits, 0)
  if (!plan) return { fault: 'does not begin with the calling code of a country', index: null }
  const { callingCode } = plan
  const national = digits.slice(callingCode.length)
  if (!national.startsWith('0') || plan.keepsZero(national)) return { digits }
  if (!plan.hasTrunkZero || national.startsWith('00')) {
    return { fault: `has a 0 after the calling code ${callingCode}, where none belongs`, index: null }
  }
  return { digits: callingCode + national.slice(1) }
}

function isPlainE164(text: string): boolean {
  if (!E164.test(text)) return false
  const plan = numberingPlanAt(text, 1)
  if (!plan) return false
  return (plan.lengthMask & (1 << (text.length - 1))) !== 0 && text.charCodeAt(1 + plan.callingCode.length) !== ZERO
}

function checkLength(digits: string): { readonly phone: string } | PhoneFault {
  const { callingCode, lengths } = numberingPlanAt(digits, 0)!
  const count = digits.length - callingCode.length
  if (lengths.includes(count) && digits.length <= DIGITS_MAX) return { phone: `+${digits}` }
  const possible = lengths.length === 1 ? lengths[0] : `${lengths.slice(0, -1).join(', ')} or ${lengths.at(-1)}`
  return { fault: `has ${count} digits after the calling code ${callingCode}, where ${possible} belong`, index: null }
}
