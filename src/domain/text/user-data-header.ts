import { LANGUAGES, type Language } from './encodings.ts'
import type { GsmTables } from './gsm-alphabet.ts'
import { NATIONAL_TABLES } from './national-tables.ts'

/*
  The header in the user data of a message (3GPP TS 23.040, clause 9.2.3.24): its length, then elements, each with an
  identifier, a length and its octets. Those written here: concatenation with a reference of 8 or 16 bits, and the national
  language tables of clauses 9.2.3.24.15 and 16. `src/smpp/user-data-header.ts` reads them, and all others.
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

/** The language whose tables a header names; null for one that is not known. */
export function languageById(id: number): Language | null {
  return LANGUAGES.find((language) => NATIONAL_TABLES[language].id === id) ?? null
}
