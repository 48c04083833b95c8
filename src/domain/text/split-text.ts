import { type Charset, type Coding, endOfPart, roomOf } from './coding.ts'
import type { Encoding } from './encodings.ts'
import { type GsmTables, toSeptets } from './gsm-alphabet.ts'
import { chooseCoding } from './segments.ts'

export interface SplitOptions {
  /**
   * What lets the phone put the parts together:
   * - 8, 16: a header of ours with a reference of that many bits: 153 or 152 septets, 134 or 133 octets, 67 or 66 units
   *   a part, less with national tables;
   * - `sar`: the operator makes the header from its `sar_…` parameters. Their reference has 16 bits, so room is left for
   *   one of these, though most operators make it 8;
   * - `none`: the operator divides the text (`message_payload`); it is one part, however long.
   */
  readonly reference: 8 | 16 | 'sar' | 'none'
}

export interface TextPart {
  /** The characters of this part. */
  readonly text: string
  /**
   * Septets one an octet (as SMPP wants them for `data_coding` 0), octets of ISO 8859-1, or UTF-16 in network order.
   */
  readonly octets: Buffer
}

/** A text as it is handed to an operator. */
export interface SplitText {
  readonly charset: Charset
  /** What the header of each part, also of a single one, must name. */
  readonly tables: GsmTables
  readonly parts: readonly TextPart[]
}

const clusters = new Intl.Segmenter('und', { granularity: 'grapheme' })

/**
 * Divides a text: the same one always at the same places. With a reference of 8 bits it has as many parts as `segment`
 * counts. What is read as one character (an emoji with its modifiers, a character with its marks, ZWNJ with the
 * character before it) stays together, unless it takes another part or is longer than a part. Null if the text has a
 * character that the encoding lacks. The header of the parts is `writeHeader`'s to make.
 */
export function splitText(text: string, encoding: Encoding, { reference }: SplitOptions): SplitText | null {
  const coding = chooseCoding(text, encoding)
  if (!coding) return null
  const { charset, tables } = coding
  const texts = reference === 'none' ? [text] : divide(text, coding, reference === 8 ? 8 : 16)
  return { charset, tables, parts: texts.map((part) => ({ text: part, octets: encode(part, coding) })) }
}

function divide(text: string, { charset, tables, sizes, single }: Coding, bits: 8 | 16): string[] {
  if (endOfPart(text, 0, single, sizes) === text.length) return text === '' ? [] : [text]
  const room = roomOf(charset, tables, bits)
  const ends = greedyEnds(text, 0, room, sizes)
  const parts: string[] = []
  let from = 0
  for (let left = ends.length - 1; left >= 0; left--) {
    const end = wholeClusters(text, from, endOfPart(text, from, room, sizes))
    const fits = end === text.length || greedyEnds(text, end, room, sizes).length <= left
    const to = fits ? end : endOfPart(text, from, room, sizes)
    parts.push(text.slice(from, to))
    from = to
  }
  return parts
}

/** The ends of as few parts as it takes from there. */
function greedyEnds(text: string, from: number, room: number, sizes: Uint8Array | null): number[] {
  const ends: number[] = []
  while (from < text.length) {
    from = endOfPart(text, from, room, sizes)
    ends.push(from)
  }
  return ends
}

/** The end moved before what is read as one character, unless nothing would be left. */
function wholeClusters(text: string, from: number, end: number): number {
  if (end === text.length) return end
  const start = clusters.segment(text).containing(end)!.index
  return start > from ? start : end
}

function encode(text: string, { charset, tables }: Coding): Buffer {
  if (charset === 'gsm7') return toSeptets(text, tables)
  return charset === 'latin1' ? Buffer.from(text, 'latin1') : Buffer.from(text, 'utf16le').swap16()
}
