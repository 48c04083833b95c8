/*
  JSON.parse keeps the last of two members with one name and says nothing, while a proxy or a check in front of the
  gateway may have read the first. RFC 8259, section 4, and I-JSON (RFC 7493) want names unique.
*/

interface Frame {
  /** Names seen so far; null in an array. */
  readonly names: Set<string> | null
  /** The member or element that is being read. */
  at: string | number
}

/**
 * The JSON pointer of the second member with one name, or null if names are unique. `text` must be what JSON.parse made
 * `value` of. Counting names is cheap, so only a text that has one twice is read through.
 */
export function findDuplicateName(text: string, value: unknown): string | null {
  return countNamesInText(text) === countNames(value) ? null : locateDuplicate(text)
}

function countNamesInText(text: string): number {
  let names = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === COLON) names++
  }
  return names
}

function countNames(value: unknown): number {
  let names = 0
  const open = [value]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === null || typeof next !== 'object') continue
    const children = Object.values(next)
    if (!Array.isArray(next)) names += children.length
    for (const child of children) if (child !== null && typeof child === 'object') open.push(child)
  }
  return names
}

function locateDuplicate(text: string): string | null {
  const frames: Frame[] = []
  for (let at = 0; at < text.length; at++) {
    const frame = frames.at(-1)
    const character = text[at]!
    if (character === '{') frames.push({ names: new Set(), at: '' })
    else if (character === '[') frames.push({ names: null, at: 0 })
    else if (character === '}' || character === ']') frames.pop()
    else if (character === ',' && typeof frame?.at === 'number') frame.at++
    else if (character === '"') {
      const end = endOfString(text, at)
      if (frame?.names && isName(text, end)) {
        frame.at = JSON.parse(text.slice(at, end + 1)) as string
        if (frame.names.has(frame.at)) return pointerOf(frames)
        frame.names.add(frame.at)
      }
      at = end
    }
  }
  return null
}

/** Whether the string that ends there is the name of a member: a colon follows, behind any white space. */
function isName(text: string, end: number): boolean {
  BEFORE_VALUE.lastIndex = end + 1
  return BEFORE_VALUE.test(text)
}

const BEFORE_VALUE = /\s*:/y
const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c

/** Where the string ends that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return at
  }
}

/** RFC 6901. */
function pointerOf(frames: readonly Frame[]): string {
  return frames.map(({ at }) => `/${String(at).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
