/** A comment, the text of a string (of a template each text between its values), or a name. */
export interface Token {
  readonly kind: 'comment' | 'string' | 'name'
  /** From here to before `end` in the source; of a string without its quotes. */
  readonly start: number
  readonly end: number
}

const BEFORE_REGEX = /[([{,;=:!&|?+*%~^<>}-]$|\b(?:return|typeof|case|in|of)$|^$/
const PIECE =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(?<name>[\w$]+)|(?<template>`)|[^\s]/y
const BLANKS = /\s*/y
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
const TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y

/** Comments, strings and names of TypeScript, in their order: enough to separate prose and names from all else. */
export function readTokens(source: string): Token[] {
  const tokens: Token[] = []
  // Of each template that is open: braces that are open within its present value.
  const templates: number[] = []
  let at = 0
  let before = ''
  const text = (): void => {
    TEXT.lastIndex = at
    const [found] = TEXT.exec(source)!
    tokens.push({ kind: 'string', start: at, end: at + found.length })
    at += found.length
    if (source[at] === '$') templates.push(0)
    before = source[at] === '$' ? '{' : '`'
    at += source[at] === '$' ? 2 : 1
  }
  while (at < source.length) {
    BLANKS.lastIndex = at
    at += BLANKS.exec(source)![0].length
    if (at === source.length) break
    REGEX.lastIndex = at
    PIECE.lastIndex = at
    const mayBeRegex = source[at] === '/' && !'/*'.includes(source[at + 1] ?? '/') && BEFORE_REGEX.test(before)
    const regex = mayBeRegex ? REGEX.exec(source) : null
    const found = regex ?? PIECE.exec(source)!
    const { comment, string, name, template } = found.groups ?? {}
    const [piece] = found
    if (comment) tokens.push({ kind: 'comment', start: at, end: at + piece.length })
    if (string) tokens.push({ kind: 'string', start: at + 1, end: at + piece.length - 1 })
    if (name) tokens.push({ kind: 'name', start: at, end: at + piece.length })
    at += piece.length
    if (!comment) before = regex ? ')' : piece
    if (template) text()
    else if (templates.length > 0 && piece === '{') templates[templates.length - 1]!++
    else if (templates.length > 0 && piece === '}' && templates[templates.length - 1]!-- === 0) {
      templates.pop()
      text()
    }
  }
  return tokens
}
