import { NATIONAL_TABLES } from './national-tables.ts'

/** A language that 3GPP TS 23.038, annex A has tables for. */
export type Language = keyof typeof NATIONAL_TABLES

export const LANGUAGES = Object.keys(NATIONAL_TABLES) as Language[]

/**
 * How a text travels: 7-bit GSM characters, of the default alphabet or with the tables of a language; octets of
 * ISO 8859-1; or 16-bit UCS-2 units (UTF-16 in fact, as every phone reads it).
 */
export type Encoding = 'gsm7' | 'latin1' | 'ucs2' | `gsm7-${Language}`

export const ENCODINGS: readonly Encoding[] = [
  'gsm7',
  'latin1',
  'ucs2',
  ...LANGUAGES.map((language) => `gsm7-${language}` as const),
]

/** The language of a national encoding; null for the others. */
export function languageOf(encoding: Encoding): Language | null {
  return encoding.startsWith('gsm7-') ? (encoding.slice(5) as Language) : null
}
