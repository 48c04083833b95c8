import { cleanText, isClean } from './text/clean-text.ts'

/** What a customer wants to find again with a message: names with values, which may have several lines. */
export type Metadata = Readonly<Record<string, string>>

/** Lengths in characters of Unicode, as JSON Schema counts them. */
export const NOTE_LIMITS = { clientRefChars: 128, names: 20, nameChars: 40, valueChars: 500 } as const

/** A character takes two UTF-16 units at most: what the API has accepted is never cut. */
const UNITS_PER_CHAR = 2

/** The customer's own name for a message as a record brings it, clean and bounded; null for what is no text. */
export function cleanClientRef(value: unknown): string | null {
  return typeof value === 'string' ? cleanNote(value, NOTE_LIMITS.clientRefChars) || null : null
}

/** Metadata as a record brings them, clean and bounded. What is no text under a name is left out. */
export function cleanMetadata(value: unknown): Metadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  const cleaned: Record<string, string> = {}
  let count = 0
  for (const [name, text] of Object.entries(value)) {
    const bounded = cleanNote(name, NOTE_LIMITS.nameChars)
    if (typeof text !== 'string' || bounded === '' || bounded === '__proto__') continue
    if (++count > NOTE_LIMITS.names) break
    cleaned[bounded] = cleanNote(text, NOTE_LIMITS.valueChars, true)
  }
  return cleaned
}

/** What is fit stays as it is. */
function cleanNote(text: string, charsMax: number, mayHaveLines = false): string {
  const unitsMax = charsMax * UNITS_PER_CHAR
  const isFit = text.length <= unitsMax && isClean(mayHaveLines ? text.replace(/[\t\r\n]/g, ' ') : text)
  return isFit ? text : cleanText(text, unitsMax)
}

/** How many UTF-16 units they have: what keeping them costs in memory. */
export function metadataUnits(metadata: Metadata): number {
  let units = 0
  for (const name in metadata) units += name.length + metadata[name]!.length
  return units
}
