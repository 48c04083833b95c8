import { type Encoding, LANGUAGES, type Language, languageOf } from './encodings.ts'
import { DEFAULT_TABLES, type GsmTables, gsmSizes } from './gsm-alphabet.ts'
import { NATIONAL_TABLES } from './national-tables.ts'
import { headerOctets, type ReferenceBits } from './user-data-header.ts'

/** What a message holds beside its header. */
const MESSAGE_OCTETS = 140

export type Charset = 'gsm7' | 'latin1' | 'ucs2'

/** An encoding, and with a national one the tables in use: all that it takes to divide a text and to write it. */
export interface Coding {
  readonly encoding: Encoding
  readonly charset: Charset
  readonly tables: GsmTables
  /** Septets of each UTF-16 unit, by its number; null where every unit of a text is one unit in the message. */
  readonly sizes: Uint8Array | null
  /** Units that fit into one message, and into each of several with the header that concatenates them (8 bits). */
  readonly single: number
  readonly part: number
}

function codingOf(encoding: Encoding, charset: Charset, tables = DEFAULT_TABLES): Coding {
  const sizes = charset === 'gsm7' ? gsmSizes(tables) : null
  const room = (bits: ReferenceBits | null): number => roomOf(charset, tables, bits)
  return { encoding, charset, tables, sizes, single: room(null), part: room(8) }
}

/** Units that fit behind the header: septets from the next whole one, octets, or pairs of them. */
export function roomOf(charset: Charset, tables: GsmTables, bits: ReferenceBits | null): number {
  const octets = MESSAGE_OCTETS - headerOctets(tables, bits)
  if (charset === 'gsm7') return Math.floor((octets * 8) / 7)
  return charset === 'latin1' ? octets : octets >> 1
}

export const GSM7 = codingOf('gsm7', 'gsm7')
export const UCS2 = codingOf('ucs2', 'ucs2')
const LATIN1 = codingOf('latin1', 'latin1')

/**
 * A language's codings, in the order in which the first of equals is taken: without tables, so as plain `gsm7`; its
 * single shift table; its locking one; both.
 */
const NATIONAL = new Map<Language, readonly Coding[]>()
for (const language of LANGUAGES) {
  const pairs: GsmTables[] = [{ locking: null, shift: language }]
  if (NATIONAL_TABLES[language].locking !== null) {
    pairs.push({ locking: language, shift: null }, { locking: language, shift: language })
  }
  NATIONAL.set(language, [GSM7, ...pairs.map((tables) => codingOf(`gsm7-${language}`, 'gsm7', tables))])
}

/** The codings that an encoding leaves to choose from. */
export function codingsOf(encoding: Encoding): readonly Coding[] {
  const language = languageOf(encoding)
  if (language) return NATIONAL.get(language)!
  if (encoding === 'latin1') return [LATIN1]
  return [encoding === 'ucs2' ? UCS2 : GSM7]
}

/** Units of the whole text; -1 if one of its characters has no code. */
export function unitsOf(text: string, { charset, sizes }: Coding): number {
  if (charset === 'ucs2') return text.length
  if (!sizes) return isLatin1(text) ? text.length : -1
  let units = 0
  for (let index = 0; index < text.length; index++) {
    const size = sizes[text.charCodeAt(index)]
    if (!size) return -1
    units += size
  }
  return units
}

/**
 * Where a part that begins at `from` ends at the latest. Neither an escape and its character nor the two halves of a
 * character beyond the basic plane are parted. The text must fit the coding.
 */
export function endOfPart(text: string, from: number, room: number, sizes: Uint8Array | null): number {
  if (!sizes) {
    const end = from + room
    if (end >= text.length) return text.length
    return isTrail(text.charCodeAt(end)) && isLead(text.charCodeAt(end - 1)) ? end - 1 : end
  }
  let used = 0
  for (let index = from; index < text.length; index++) {
    used += sizes[text.charCodeAt(index)]!
    if (used > room) return index
  }
  return text.length
}

function isLatin1(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return false
  return true
}

function isLead(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800
}

function isTrail(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00
}
