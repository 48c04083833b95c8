/**
 * JSON from outside, with numbers as they were written: an integer that a double cannot hold (an id of nineteen digits,
 * RFC 8259 section 6) stays the text of its digits, where JSON.parse would round it to another id. Throws SyntaxError.
 */
export function readJson(text: string): unknown {
  return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown)
}

/** TypeScript's library does not know the third parameter of a reviver yet (ECMAScript proposal JSON.parse source text access). */
function keepDigits(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  const isRounded = typeof value === 'number' && /^-?[0-9]+$/.test(source ?? '') && !Number.isSafeInteger(value)
  return isRounded ? source : value
}
