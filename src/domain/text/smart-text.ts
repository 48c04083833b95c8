import { digitValue } from '../digits.ts'
import { GSM7, unitsOf } from './coding.ts'
import { DEFAULT_TABLES, gsmSizes } from './gsm-alphabet.ts'
import { segment } from './segments.ts'

/*
  The replacement of a character that the GSM alphabet lacks, so that the text reads the same. Typographic forms,
  spaces, digits and Greek capitals are replaced; accents are kept, as without them it is another spelling, and in many
  languages another word. What Unicode knows as a mere variant of other characters (full width, ligatures, the ellipsis,
  Roman numbers, …) is not listed here: its compatibility form is taken (NFKC).
*/
const LOOK_ALIKES = new Map<string, string>()
function replace(characters: string, replacements: string): void {
  const each = [...replacements]
  for (const [index, character] of [...characters].entries())
    LOOK_ALIKES.set(character, each[index] ?? each.at(-1) ?? '')
}
replace('“”„‟«»″〝〞❝❞', '"')
replace('‘’‚‛‹›′`´ʹʻʼʽˈ❛❜', "'")
replace('‐‑‒–—―−⁃•‣◦', '-')
replace('·∙⋅', '.')
replace('×', 'x')
replace('⁄∕÷', '/')
replace('∗', '*')
replace('∣', '|')
replace('∼', '~')
replace('،؛؟٪٫٬。、', ',;?%.,.,')
replace('ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ABEZHIKMNOPTYX')
replace('\t', ' ')
replace('\u2028\u2029\u0085', '\n')
// Tatweel only lengthens.
replace('\u0640', '')

const sizes = gsmSizes(DEFAULT_TABLES)

/**
 * The text with look-alikes of the GSM alphabet in the place of what it lacks, if all of it fits that alphabet then and
 * takes no more segments; else null, as also if it fits already.
 */
export function toGsmLookAlikes(text: string): string | null {
  if (unitsOf(text, GSM7) >= 0) return null
  let replaced = ''
  // A base character and its accent may be one character, and that one in the alphabet.
  const characters = [...text.normalize('NFC')]
  for (const [index, character] of characters.entries()) {
    if (isNumber(character) && [characters[index - 1], characters[index + 1]].some(isAnyNumber)) return null
    const plain = lookAlike(character) ?? compatible(character)
    if (plain === null) return null
    replaced += plain
  }
  return segment(replaced).segments <= segment(text).segments ? replaced : null
}

function isGsm(character: string): boolean {
  return Boolean(sizes[character.charCodeAt(0)])
}

function lookAlike(character: string): string | null {
  if (isGsm(character)) return character
  const listed = LOOK_ALIKES.get(character)
  if (listed !== undefined) return listed
  if (/\p{Default_Ignorable_Code_Point}/u.test(character)) return ''
  if (/\p{Zs}/u.test(character)) return ' '
  const digit = digitValue(character)
  return digit === null ? null : String(digit)
}

/** What Unicode has the character for a variant of; null if that does not fit either. */
function compatible(character: string): string | null {
  let replaced = ''
  for (const each of character.normalize('NFKC')) {
    const one = lookAlike(each)
    if (one === null) return null
    replaced += one
  }
  return replaced
}

/** Fractions, powers, numbers in circles: beside another number they would become one with it. */
function isNumber(character: string): boolean {
  return /\p{No}/u.test(character)
}

function isAnyNumber(character: string | undefined): boolean {
  return character !== undefined && /\p{N}/u.test(character)
}
