import { type Coding, codingsOf, endOfPart, GSM7, UCS2, unitsOf } from './coding.ts'
import type { Encoding } from './encodings.ts'
import { headerOctets } from './user-data-header.ts'

export type { Encoding } from './encodings.ts'

export interface Segmentation {
  readonly encoding: Encoding
  /** Parts that the network carries and charges, with a concatenation reference of 8 bits. */
  readonly segments: number
  /** Septets, octets or 16-bit units of the whole text, without the headers of its parts. */
  readonly units: number
  /** Units for which there is room in the last part. */
  readonly unitsLeft: number
}

/**
 * How a text is encoded and into how many segments it falls: as GSM 7-bit if all its characters are in the default
 * alphabet, else as UCS-2. An empty text takes no segment.
 */
export function segment(text: string): Segmentation
/**
 * The same in a given encoding; null if the text has a character that it lacks. A national one is `gsm7` in the answer
 * if its tables would save nothing.
 */
export function segment(text: string, encoding: Encoding): Segmentation | null
export function segment(text: string, encoding?: Encoding): Segmentation | null {
  if (encoding !== undefined) return best(text, encoding)?.segmentation ?? null
  const septets = unitsOf(text, GSM7)
  return septets >= 0 ? count(text, GSM7, septets) : count(text, UCS2, text.length)
}

/** The coding that a text in this encoding travels in, always the same; null if the text has a character that it lacks. */
export function chooseCoding(text: string, encoding: Encoding): Coding | null {
  return best(text, encoding)?.coding ?? null
}

interface Choice {
  readonly coding: Coding
  readonly segmentation: Segmentation
}

function best(text: string, encoding: Encoding): Choice | null {
  let best: Choice | null = null
  for (const coding of codingsOf(encoding)) {
    const units = unitsOf(text, coding)
    if (units < 0) continue
    const choice = { coding, segmentation: count(text, coding, units) }
    if (!best || isBetter(choice, best)) best = choice
  }
  return best
}

/** Fewer segments, or as many of fewer octets. */
function isBetter(a: Choice, b: Choice): boolean {
  const difference = a.segmentation.segments - b.segmentation.segments
  return difference < 0 || (difference === 0 && bitsOf(a) < bitsOf(b))
}

function bitsOf({ coding, segmentation: { segments, units } }: Choice): number {
  const header = headerOctets(coding.tables, segments > 1 ? 8 : null)
  return units * 7 + segments * header * 8
}

function count(text: string, { encoding, sizes, single, part }: Coding, units: number): Segmentation {
  if (units <= single) return { encoding, segments: units === 0 ? 0 : 1, units, unitsLeft: single - units }
  let segments = 0
  let from = 0
  let last = 0
  while (from < text.length) {
    last = from
    from = endOfPart(text, from, part, sizes)
    segments++
  }
  return { encoding, segments, units, unitsLeft: part - unitsBetween(text, last, sizes) }
}

function unitsBetween(text: string, from: number, sizes: Uint8Array | null): number {
  if (!sizes) return text.length - from
  let units = 0
  for (let index = from; index < text.length; index++) units += sizes[text.charCodeAt(index)]!
  return units
}
