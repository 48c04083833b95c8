/** A piece of SQL; blanks are left out. The `value` of a word and of a name is in lower case. */
export interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'sign'
  readonly value: string
}

const TOKEN =
  /\s+|(?<word>[A-Za-z_][A-Za-z0-9_]*)|'(?<string>(?:[^'\\]|\\[\s\S]|'')*)'|`(?<tick>[^`\\]*)`|"(?<quote>[^"\\]*)"|(?<number>[0-9](?:[0-9A-Za-z_.]|[eE][+-])*)|(?<sign>->|::|[-+*/%=<>!,.()[\]{}:?;@|&^~])/y

/**
 * Splits SQL as ClickHouse does, and refuses what the two could read differently: comments, heredocs (`$$`), escapes in
 * quoted names, and anything but ASCII outside of strings. Throws an Error that names the place.
 */
export function splitTokens(sql: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < sql.length) {
    const at = TOKEN.lastIndex
    const found = TOKEN.exec(sql)
    if (!found || /^(--|\/\*)/.test(sql.slice(at, at + 2))) {
      throw new Error(`character ${at + 1} begins what is not taken here: comments, heredocs, escapes in quoted names`)
    }
    const { word, string, tick, quote, number, sign } = found.groups!
    const name = tick ?? quote
    if (word !== undefined) tokens.push({ kind: 'word', value: word.toLowerCase() })
    else if (name !== undefined) tokens.push({ kind: 'name', value: name.toLowerCase() })
    else if (string !== undefined) tokens.push({ kind: 'string', value: string })
    else if (number !== undefined) tokens.push({ kind: 'number', value: number })
    else if (sign !== undefined) tokens.push({ kind: 'sign', value: sign })
  }
  return tokens
}
