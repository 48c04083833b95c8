import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WORDS_OF_NAMES, WORDS_OF_SOURCE, type Word } from './plain-words.ts'
import { readTokens, type Token } from './read-tokens.ts'

const ROOT = join(import.meta.dirname, '..')

/** Places whose word is a name that others know, or part of what a release before wrote. */
const ALLOWED: readonly { readonly file: string; readonly text: string; readonly why: string }[] = [
  { file: 'src/delivery/config.ts', text: 'DELIVERY_AWAY_MS', why: 'a setting' },
  { file: 'src/delivery/worker.ts', text: 'DELIVERY_AWAY_MS', why: 'a setting' },
  { file: 'test/integration/dead-operator.test.ts', text: 'DELIVERY_AWAY_MS', why: 'a setting' },
  { file: 'src/simulator/behaviour.ts', text: 'telling', why: 'seeds the choices: another word would make others' },
  { file: 'src/dead-letters/list-dead-letters.ts', text: 'letters', why: 'a field of the admin API' },
]

const FILES = ['src', 'test', 'bench']
  .flatMap((top) => readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' }).map((file) => `${top}/${file}`))
  .filter((file) => file.endsWith('.ts') && !/\/(?:plain-words|words(?:-of-source)?\.test)\.ts$/.test(file))

const blank = (code: string): string => code.replace(/[^\n]+/g, ' ')

/** Comments and texts in their lines, all else blank; a string of one word is a name, as is what is between backticks. */
function proseOf(source: string, tokens: readonly Token[]): string {
  const prose: string[] = []
  let at = 0
  for (const { kind, start, end } of tokens) {
    const text = source.slice(start, end)
    if (kind === 'name') continue
    const isProse = kind === 'comment' || (kind === 'string' && /\s\p{L}|\p{L}\s/u.test(text))
    prose.push(blank(source.slice(at, start)), isProse ? text : blank(text))
    at = end
  }
  return prose
    .join('')
    .replace(/^\s*(?:\/\/|\/?\*+\/?)/gm, blank)
    .replace(/`[^`\n]*`/g, blank)
}

const known = new Map<string, Word | undefined>()

/** What is wrong with a name, by its words in lower case: those of `isInHand_MAX` are `is in hand max`. */
function wordOf(name: string): Word | undefined {
  if (!known.has(name)) {
    const words = name
      .replace(/([a-z\d])(?=[A-Z])/g, '$1 ')
      .replaceAll('_', ' ')
      .toLowerCase()
    known.set(
      name,
      WORDS_OF_NAMES.find(({ found }) => found.test(words)),
    )
  }
  return known.get(name)
}

function wordsIn(source: string, file: string): string[] {
  const seen = (before: string, text: string, { instead }: Word): string[] =>
    ALLOWED.some((each) => each.file === file && each.text === text)
      ? []
      : [`${file}:${before.split('\n').length}: "${text}": ${instead}`]
  const tokens = readTokens(source)
  const prose = proseOf(source, tokens)
  return [
    ...WORDS_OF_SOURCE.flatMap((word) =>
      [...prose.matchAll(word.found)].flatMap(({ 0: text, index }) =>
        seen(prose.slice(0, index), text.toLowerCase(), word),
      ),
    ),
    ...tokens
      .filter(({ kind }) => kind === 'name')
      .flatMap(({ start, end }) => {
        const name = source.slice(start, end)
        const word = wordOf(name)
        return word ? seen(source.slice(0, start), name, word) : []
      }),
  ]
}

test('no comment, text or name of the source has a word that says less than the field’s own term', () => {
  expect(FILES.length).toBeGreaterThan(1_000)
  const found = FILES.flatMap((file) => wordsIn(readFileSync(join(ROOT, file), 'utf8'), file))
  expect(found).toEqual([])
})

test('each allowed place is needed', () => {
  for (const { file, text, why } of ALLOWED) {
    expect(readFileSync(join(ROOT, file), 'utf8'), `${file}: ${why}`).toMatch(new RegExp(`\\b${text}\\b`))
  }
})

test('words are found in comments, titles, templates and names, and not in code, regular expressions or names of others', () => {
  expect(wordsIn('/** It was read\n * past. */', 'x.ts')).toEqual(['x.ts:1: "read\n  past": skipped'])
  expect(wordsIn(['throw new Error(`is $', '{n} away`)'].join(''), 'x.ts')).toEqual(['x.ts:1: "away": unavailable'])
  expect(wordsIn(['const t = `$', '{a ? `told $', "{'b'} c` : {}} away` // nobody"].join(''), 'x.ts')).toHaveLength(3)
  expect(wordsIn('const recordsInHand = letGo(isAway)', 'x.ts')).toHaveLength(3)
  expect(wordsIn("const x = a / b / c; const y = /who told/; import './tell.ts'; run('nobody')", 'x.ts')).toEqual([])
  expect(wordsIn('// `tell` of a dead letter\nconst deadLetters = callback(x)', 'x.ts')).toEqual([])
})
