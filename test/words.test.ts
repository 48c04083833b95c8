import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WORDS } from './plain-words.ts'

const ROOT = join(import.meta.dirname, '..')

interface Allowed {
  readonly file: string
  readonly text: string
  readonly why: string
}

const ALLOWED: readonly Allowed[] = [
  { file: 'docs/text.md', text: 'letter', why: 'letters of an alphabet' },
  { file: 'docs/text.md', text: 'letters', why: 'letters of an alphabet' },
  { file: 'docs/operators/smpp.md', text: 'letters', why: 'small letters of an id' },
]

/** The changelog is not among them: it quotes releases as they were. */
const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
  ...['gateway', 'kafka', 'lag', 'canary'].map((name) => `deploy/prometheus/${name}.rules.yml`),
  'config/operators.yaml',
  'config/topics.yaml',
]

/** The prose alone, each line in its place: code, listings and the targets of links are names, not words. */
function proseOf(text: string): string {
  const blank = (code: string): string => code.replace(/[^\n]/g, ' ')
  return text
    .replace(/^```[\s\S]*?^```/gm, blank)
    .replace(/`[^`\n]*(?:\n[^`\n]+)?`/g, blank)
    .replace(/\]\([^)]*\)/g, blank)
}

function wordsIn(text: string, file: string): string[] {
  const prose = proseOf(text)
  return WORDS.flatMap(({ found, instead }) =>
    [...prose.matchAll(found)]
      .filter(([word]) => !ALLOWED.some((each) => each.file === file && each.text === word.toLowerCase()))
      .map(({ 0: word, index }) => `${file}:${prose.slice(0, index).split('\n').length}: "${word}": ${instead}`),
  )
}

test('no document has a word that says less than the field’s own term', () => {
  expect(DOCUMENTS.length).toBeGreaterThan(90)
  expect(DOCUMENTS.flatMap((file) => wordsIn(readFileSync(join(ROOT, file), 'utf8'), file))).toEqual([])
})

test('a word is found across a line break and at the start of a sentence, and not in code, links or listings', () => {
  expect(wordsIn('It was read\npast.', 'x.md')).toEqual(['x.md:1: "read\npast": skipped'])
  expect(wordsIn('\nNobody has it', 'x.md')).toHaveLength(1)
  expect(wordsIn('a dead\nletter, `tell`, [late](0019-away.md)\n```sh\ntell\n```\n', 'x.md')).toEqual([])
})

test('each allowed place is needed', () => {
  for (const { file, text, why } of ALLOWED) {
    expect(proseOf(readFileSync(join(ROOT, file), 'utf8')), `${file}: ${why}`).toMatch(new RegExp(`\\b${text}\\b`))
  }
})

test('the glossary has about 40 terms, in their order, and is linked from the entry documents', () => {
  const terms = [...readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8').matchAll(/^\| (?!term|-)([^|]+) \|/gm)].map(
    ([, term]) => term!.toLowerCase(),
  )
  expect(terms.length).toBeGreaterThanOrEqual(40)
  expect(terms).toEqual([...new Set(terms)].sort())
  for (const file of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md']) {
    expect(readFileSync(join(ROOT, file), 'utf8'), file).toContain('](docs/glossary.md)')
  }
})
