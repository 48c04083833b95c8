import { type Coding, codingsOf, unitsOf } from './coding.ts'
import type { Encoding } from './encodings.ts'

/** A character of a text, and the index of its first UTF-16 unit. */
export interface PlacedCharacter {
  readonly character: string
  readonly index: number
}

/** The first characters of a text that an encoding has no code for, each once; with the tables that have the most of them. */
export function lackingCharacters(text: string, encoding: Encoding, countMax: number): readonly PlacedCharacter[] {
  const [fewest] = codingsOf(encoding)
    .map((coding) => lackingOf(text, coding))
    .sort((a, b) => a.length - b.length)
  return fewest!.slice(0, countMax)
}

function lackingOf(text: string, coding: Coding): PlacedCharacter[] {
  const lacking = new Map<string, PlacedCharacter>()
  let index = 0
  for (const character of text) {
    if (!lacking.has(character) && unitsOf(character, coding) < 0) lacking.set(character, { character, index })
    index += character.length
  }
  return [...lacking.values()]
}
