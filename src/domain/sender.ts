import { asciiDigits } from './digits.ts'
import { findDecimals, readDigits, withoutTrunkZero } from './phone.ts'

/*
  The sender and the recipient of a message as SMPP addresses: type of number (TON) and numbering plan indicator (NPI),
  SMPP 3.4, clauses 5.2.5 and 5.2.6. An alphanumeric sender has the 10 octets of an address to itself, so 11 septets
  (3GPP TS 23.040, clause 9.1.2.5).
*/
export const TON = { international: 1, national: 2, networkSpecific: 3, alphanumeric: 5 } as const
export const NPI = { unknown: 0, isdn: 1 } as const

export type SenderKind = 'alphanumeric' | 'short' | 'international' | 'national'

export interface SmppAddress {
  readonly ton: number
  readonly npi: number
  /** Numbers without plus, 00 or trunk zero. */
  readonly address: string
}

export interface SenderAddress extends SmppAddress {
  readonly kind: SenderKind
}

const ALPHANUMERIC_MAX = 11
const SHORT_DIGITS_MAX = 8
const NUMBER = /^\+?[0-9]+$/

/**
 * What ASCII and the GSM alphabet have at the same code, and the underscore: no operator can misread it, whichever of
 * the two it takes the address to be in. (`@` is 0 in GSM, and would end the address.)
 */
const ALPHANUMERIC = /^[A-Za-z0-9 !"#%&'()*+,\-./:;<=>?_]*[A-Za-z][A-Za-z0-9 !"#%&'()*+,\-./:;<=>?_]*$/

/**
 * The address of a sender; null if it cannot be one. Digits may be of any script, with spaces, dots, hyphens and brackets
 * between them. What a spreadsheet made of a number (`30001234.0`) is none.
 * - With a plus or 00: an international number, 7 to 15 digits, read as those of recipients are, of whatever length:
 *   operators assign sender numbers that cannot be called.
 * - Digits alone, up to 8: a short code. Its type is the network's own and has no plan; some operators want another.
 * - Digits that begin with 0: a national number, written without that 0.
 * - Other digits, up to 15: an international number whose plus was omitted.
 * - With an alphabetic character in it: a name, up to 11 characters.
 */
export function parseSender(text: string): SenderAddress | null {
  const digits = NUMBER.test(text) ? text : asciiDigits(text).replace(/[\s().-]/g, '')
  if (!NUMBER.test(digits)) {
    if (text.length > ALPHANUMERIC_MAX || !ALPHANUMERIC.test(text)) return null
    return { kind: 'alphanumeric', ton: TON.alphanumeric, npi: NPI.unknown, address: text }
  }
  if (findDecimals(text) !== null) return null
  const international = /^(?:\+|00)[1-9][0-9]{6,14}$/.test(digits) ? internationalDigits(text) : null
  if (international !== null) return numbered('international', TON.international, international)
  if (digits.length <= SHORT_DIGITS_MAX && !digits.startsWith('+')) {
    return { kind: 'short', ton: TON.networkSpecific, npi: NPI.unknown, address: digits }
  }
  const national = /^0([1-9][0-9]{6,13})$/.exec(digits)?.[1]
  if (national) return numbered('national', TON.national, national)
  return /^[1-9][0-9]{8,14}$/.test(digits) ? numbered('international', TON.international, digits) : null
}

/** The address of a recipient, whose number is in E.164. */
export function recipientAddress(phone: string): SmppAddress {
  return { ton: TON.international, npi: NPI.isdn, address: phone.slice(1) }
}

function internationalDigits(text: string): string | null {
  const written = readDigits(text)
  const bare = 'fault' in written ? written : withoutTrunkZero(written.digits)
  return 'fault' in bare ? null : bare.digits
}

function numbered(kind: SenderKind, ton: number, address: string): SenderAddress {
  return { kind, ton, npi: NPI.isdn, address }
}
