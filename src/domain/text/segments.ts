import { gsmSeptets } from './gsm-alphabet.ts'

/** How a text travels: 7-bit GSM characters, or 16-bit UCS-2 units. */
export type Encoding = 'gsm7' | 'ucs2'

export interface Segmentation {
  readonly encoding: Encoding
  /** Parts that the network carries and charges. */
  readonly segments: number
  /** Septets or 16-bit units of the whole text, without the headers of its parts. */
  readonly units: number
}

/**
 * Room in one message of 140 octets, and in each part of a longer one, where a 6-octet header takes its share
 * (3GPP TS 23.040, clause 9.2.3.24.1).
 */
const ROOM: Readonly<Record<Encoding, { single: number; part: number }>> = {
  gsm7: { single: 160, part: 153 },
  ucs2: { single: 70, part: 67 },
}

/** How a text is encoded and into how many segments it falls. An empty text takes none. */
export function segment(text: string): Segmentation {
  const septets = septetsOf(text)
  return septets ? count('gsm7', septets) : count('ucs2', unitsOf(text))
}

/** Septets of each character; null when one of them is not in the GSM alphabet. */
function septetsOf(text: string): number[] | null {
  const septets: number[] = []
  for (const character of text) {
    const size = gsmSeptets(character)
    if (size === 0) return null
    septets.push(size)
  }
  return septets
}

/** 16-bit units of each character: two for those beyond the basic plane, which must stay together. */
function unitsOf(text: string): number[] {
  return Array.from(text, (character) => character.length)
}

/** A character that takes two units is never split between parts, so a part may stay one unit short. */
function count(encoding: Encoding, sizes: readonly number[]): Segmentation {
  const units = sizes.reduce((sum, size) => sum + size, 0)
  const { single, part } = ROOM[encoding]
  if (units <= single) return { encoding, segments: units === 0 ? 0 : 1, units }
  let segments = 1
  let used = 0
  for (const size of sizes) {
    if (used + size > part) {
      segments++
      used = 0
    }
    used += size
  }
  return { encoding, segments, units }
}
