import { LANGUAGES, type Language } from './encodings.ts'
import { DEFAULT_TABLES, type GsmTables } from './gsm-alphabet.ts'
import { NATIONAL_TABLES } from './national-tables.ts'

/*
  The header in the user data of a message (3GPP TS 23.040, clause 9.2.3.24): its length, then elements, each with an
  identifier, a length and its octets. Those used here: concatenation with a reference of 8 or 16 bits, and the national
  language tables of clauses 9.2.3.24.15 and 16.
*/
const CONCATENATION_8 = 0x00
const CONCATENATION_16 = 0x08
const SINGLE_SHIFT = 0x24
const LOCKING_SHIFT = 0x25

/** Bits of the reference that the parts of a message have in common. */
export type ReferenceBits = 8 | 16

/** Where a part belongs. `reference` is cut to the bits that it has. `part` counts from 1. */
export interface Concatenation {
  readonly bits: ReferenceBits
  readonly reference: number
  readonly total: number
  readonly part: number
}

/** Octets that a header takes; 0 if it would have no element. */
export function headerOctets({ locking, shift }: GsmTables, bits: ReferenceBits | null): number {
  const elements = (locking ? 3 : 0) + (shift ? 3 : 0) + (bits ? 4 + bits / 8 : 0)
  return elements === 0 ? 0 : 1 + elements
}

/** The header, empty if it has no element. */
export function writeHeader({ locking, shift }: GsmTables, concatenation: Concatenation | null): Buffer {
  const elements: number[] = []
  if (concatenation) {
    const { bits, reference, total, part } = concatenation
    if (bits === 8) elements.push(CONCATENATION_8, 3, reference & 0xff, total, part)
    else elements.push(CONCATENATION_16, 4, (reference >> 8) & 0xff, reference & 0xff, total, part)
  }
  if (shift) elements.push(SINGLE_SHIFT, 1, NATIONAL_TABLES[shift].id)
  if (locking) elements.push(LOCKING_SHIFT, 1, NATIONAL_TABLES[locking].id)
  return elements.length === 0 ? Buffer.alloc(0) : Buffer.from([elements.length, ...elements])
}

export interface UserDataHeader {
  /** Octets of the header, its own length included: where the text begins. */
  readonly octets: number
  readonly tables: GsmTables
  readonly concatenation: Concatenation | null
}

/** Reads a header; null if it reaches beyond the octets. Elements that are not known or make no sense are passed over. */
export function readHeader(octets: Uint8Array): UserDataHeader | null {
  const end = 1 + (octets[0] ?? 0)
  if (octets.length < end) return null
  let tables = DEFAULT_TABLES
  let concatenation: Concatenation | null = null
  for (let at = 1; at + 2 <= end; at += 2 + octets[at + 1]!) {
    const [id, length] = [octets[at]!, octets[at + 1]!]
    const value = octets.subarray(at + 2, at + 2 + length)
    if (at + 2 + length > end) return null
    if (id === SINGLE_SHIFT && length === 1) tables = { ...tables, shift: languageById(value[0]!) }
    if (id === LOCKING_SHIFT && length === 1) tables = { ...tables, locking: languageById(value[0]!) }
    if (id === CONCATENATION_8 && length === 3) {
      concatenation = { bits: 8, reference: value[0]!, total: value[1]!, part: value[2]! }
    }
    if (id === CONCATENATION_16 && length === 4) {
      concatenation = { bits: 16, reference: (value[0]! << 8) | value[1]!, total: value[2]!, part: value[3]! }
    }
  }
  return { octets: end, tables, concatenation }
}

function languageById(id: number): Language | null {
  return LANGUAGES.find((language) => NATIONAL_TABLES[language].id === id) ?? null
}
