import type { Language } from './encodings.ts'
import { NATIONAL_TABLES } from './national-tables.ts'

/*
  3GPP TS 23.038, clause 6.2.1 (default alphabet) and 6.2.1.1 (extension table). A character takes one septet, its code,
  or two, an escape and its code in the table behind it. A national locking shift table takes the place of the one, a
  single shift table that of the other (annex A).
*/
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const EXTENSION = '0a=000c 14=005e 28=007b 29=007d 2f=005c 3c=005b 3d=007e 3e=005d 40=007c 65=20ac'

const ESCAPE = 0x1b

/** The tables in force, as the header of a message names them; null for the default ones. */
export interface GsmTables {
  readonly locking: Language | null
  readonly shift: Language | null
}

export const DEFAULT_TABLES: GsmTables = { locking: null, shift: null }

/** Both ways between characters and septets. */
interface GsmAlphabet {
  /** A character's code; 0x1b00 more if it takes an escape. */
  readonly codes: ReadonlyMap<string, number>
  /** Septets of each UTF-16 unit up to the last that has a code; 0 for what has none. */
  readonly sizes: Uint8Array
  readonly basic: readonly (string | undefined)[]
  readonly extension: readonly (string | undefined)[]
}

const alphabets = new Map<string, GsmAlphabet>()

function alphabetOf({ locking, shift }: GsmTables): GsmAlphabet {
  const key = `${locking} ${shift}`
  let alphabet = alphabets.get(key)
  if (!alphabet) {
    alphabet = readAlphabet(locking, shift)
    alphabets.set(key, alphabet)
  }
  return alphabet
}

function readAlphabet(locking: Language | null, shift: Language | null): GsmAlphabet {
  const basic: (string | undefined)[] = isAsian(locking) ? [] : [...BASIC]
  basic[ESCAPE] = undefined
  if (locking) putRuns(basic, NATIONAL_TABLES[locking].locking ?? '')
  const extension: (string | undefined)[] = []
  if (!isAsian(shift)) putRuns(extension, EXTENSION)
  if (shift) putRuns(extension, NATIONAL_TABLES[shift].shift)
  const codes = new Map<string, number>()
  const set = (character: string | undefined, code: number): void => {
    if (character !== undefined) codes.set(character, code)
  }
  // From behind, so that of two codes of a character the first is taken.
  for (let code = 127; code >= 0; code--) set(extension[code], (ESCAPE << 8) | code)
  for (let code = 127; code >= 0; code--) set(basic[code], code)
  const sizes = new Uint8Array(Math.max(...[...codes.keys()].map((character) => character.charCodeAt(0))) + 1)
  for (const [character, code] of codes) sizes[character.charCodeAt(0)] = code > 127 ? 2 : 1
  return { codes, sizes, basic, extension }
}

/** Tables that are complete; the European ones hold only what they change in the default ones. */
function isAsian(language: Language | null): boolean {
  return language !== null && NATIONAL_TABLES[language].id > 3
}

/** Runs as `national-tables.ts` has them. */
function putRuns(table: (string | undefined)[], runs: string): void {
  for (const [, code, first, last = first] of runs.matchAll(/(\w+)=(\w+)(?:-(\w+))?/g)) {
    const from = Number.parseInt(first!, 16)
    const count = Number.parseInt(last!, 16) - from + 1
    for (let n = 0; n < count; n++) table[Number.parseInt(code!, 16) + n] = String.fromCharCode(from + n)
  }
}

/** Septets of each UTF-16 unit with these tables, by its number; 0 or nothing for what they do not have. */
export function gsmSizes(tables: GsmTables): Uint8Array {
  return alphabetOf(tables).sizes
}

/** The septets of a text, one an octet. It must have no character that the tables lack. */
export function toSeptets(text: string, tables: GsmTables): Buffer {
  const { codes } = alphabetOf(tables)
  const octets = Buffer.allocUnsafe(2 * text.length)
  let length = 0
  for (let index = 0; index < text.length; index++) {
    const code = codes.get(text[index]!)!
    if (code > 127) octets[length++] = ESCAPE
    octets[length++] = code
  }
  return octets.subarray(0, length)
}

/**
 * The text of septets, one an octet. A code without a character behind an escape is read as without the escape, and any
 * other is a space, as 3GPP TS 23.038 has phones do it.
 */
export function fromSeptets(octets: Uint8Array, tables: GsmTables): string {
  const { basic, extension } = alphabetOf(tables)
  let text = ''
  for (let index = 0; index < octets.length; index++) {
    let code = octets[index]! & 0x7f
    let character: string | undefined
    if (code === ESCAPE && index + 1 < octets.length) {
      code = octets[++index]! & 0x7f
      character = extension[code]
    }
    text += character ?? basic[code] ?? ' '
  }
  return text
}
