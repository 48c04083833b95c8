import { isUtf8 } from 'node:buffer'

/** Deeper than this, JSON readers of other languages give up on the whole record (Jackson does at 1,000). */
const DEPTH_MAX = 100

/**
 * The JSON object that a value is, as it is written there: it can be embedded in another JSON document as one of its
 * members, with its digits, blanks and order of fields. Null for what is no object, is not UTF-8, or is nested too
 * deeply.
 */
export function jsonObjectText(value: Buffer): string | null {
  if (!isUtf8(value)) return null
  const text = value.toString()
  if (!/^[ \t\n\r]*\{/.test(text) || depthOf(text) > DEPTH_MAX) return null
  try {
    JSON.parse(text)
    return text
  } catch {
    return null
  }
}

/**
 * The value of a member of a JSON object, as it is written there; undefined if the object has no such member. `text` must
 * be JSON that was parsed before. Of members with one name the last, as JSON.parse has it.
 */
export function memberText(text: string, name: string): string | undefined {
  let found: string | undefined
  let member: string | null = null
  let start = 0
  for (const { at, end, depth } of structureOf(text)) {
    if (depth !== 1) continue
    const token = text[at]!
    if (token === '"' && member === null) member = JSON.parse(text.slice(at, end)) as string
    else if (token === ':') start = end
    else if (token === ',' || token === '}') {
      if (member === name) found = text.slice(start, at)
      member = null
    }
  }
  return found
}

function depthOf(text: string): number {
  let deepest = 0
  for (const { depth } of structureOf(text)) deepest = Math.max(deepest, depth)
  return deepest
}

interface Token {
  readonly at: number
  readonly end: number
  /** Of brackets the depth that they enclose; of a closing one that of what it ends. */
  readonly depth: number
}

const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]/gs

/** Strings and punctuation, in their order. */
function* structureOf(text: string): Generator<Token> {
  let depth = 0
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') depth++
    yield { at: index, end: index + token.length, depth }
    if (token === '}' || token === ']') depth--
  }
}
