import { createHash } from 'node:crypto'

/**
 * Control characters (C0, DEL, C1), line and paragraph separators, and halves of surrogate pairs. PostgreSQL stores no
 * NUL and no lone surrogate, JSON readers disagree about the latter, and the rest forges lines of logs and terminals.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNCLEAN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/gu

/** As a pattern of JSON Schema. Halves of surrogate pairs are not in it: no text in UTF-8 has them. */
export const CLEAN_PATTERN = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$'
/** The same, with tab and line breaks permitted. */
export const CLEAN_LINES_PATTERN = '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$'

const DIGEST_CHARS = 16

/** Whether a text has characters that `cleanText` would replace. */
export function isClean(text: string): boolean {
  return text.search(UNCLEAN) < 0
}

/**
 * Text from outside as it may be stored, logged and shown: each unclean character becomes a space, and the result is
 * trimmed and has at most `charsMax` UTF-16 units, never half a pair. For words; identifiers go through `cleanId`.
 */
export function cleanText(text: string, charsMax: number): string {
  // Cut before it is searched as well, so that a hostile megabyte costs no more than what is kept of it.
  const cleaned = cut(text, charsMax * 2)
    .replace(UNCLEAN, ' ')
    .trim()
  return cut(cleaned, charsMax).trimEnd()
}

/**
 * An identifier from outside as it may be stored and compared: unclean characters and outer spaces are removed. One that
 * is longer than `charsMax` is cut and ends in a digest of the whole, so that the same identifier always gives the same
 * result and two long ones stay different. Null if nothing is left.
 */
export function cleanId(text: string, charsMax = 255): string | null {
  const bare = text.replace(UNCLEAN, '').trim()
  if (bare === '') return null
  if (bare.length <= charsMax) return bare
  const digest = createHash('sha256').update(bare).digest('hex').slice(0, DIGEST_CHARS)
  return `${cut(bare, charsMax - DIGEST_CHARS - 1)}~${digest}`
}

function cut(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  const code = text.charCodeAt(charsMax - 1)
  const isHighSurrogate = code >= 0xd800 && code <= 0xdbff
  return text.slice(0, isHighSurrogate ? charsMax - 1 : charsMax)
}
