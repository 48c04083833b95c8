import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CLEAN_LINES_PATTERN, CLEAN_PATTERN, cleanId, cleanText, isClean } from './clean-text.ts'

/** Any UTF-16 units: halves of pairs, controls, everything. */
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) })

test('cleaned text is clean, well-formed, bounded, and stays as it is when cleaned again', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, charsMax) => {
      const cleaned = cleanText(text, charsMax)
      expect(isClean(cleaned)).toBe(true)
      expect(cleaned.isWellFormed()).toBe(true)
      expect(cleaned.length).toBeLessThanOrEqual(charsMax)
      expect(cleanText(cleaned, charsMax)).toBe(cleaned)
    }),
  )
})

test('a cleaned id is clean and bounded, and one that was clean and short is not changed', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const id = cleanId(text, 64)
      if (id === null) return
      expect(isClean(id)).toBe(true)
      expect(id.length).toBeLessThanOrEqual(64)
      if (isClean(text) && text.length <= 64) expect(id).toBe(text.trim())
    }),
  )
})

test('long ids stay different, and each gives the same result every time', () => {
  const long = 'a'.repeat(300)
  expect(cleanId(`${long}1`)).toBe(cleanId(`${long}1`))
  expect(cleanId(`${long}1`)).not.toBe(cleanId(`${long}2`))
  expect(cleanId(`${long}1`)).toHaveLength(255)
})

test('what a terminal, a log or PostgreSQL cannot take goes; what people write stays', () => {
  expect(cleanId('abc\u0000')).toBe('abc')
  expect(cleanId('\u0000\n')).toBeNull()
  expect(cleanText('a\u001b[31mb\r\nc\u2028d', 40)).toBe('a [31mb  c d')
  expect(cleanText('سلام 👋 é', 40)).toBe('سلام 👋 é')
  expect(cleanText('ab👋', 3)).toBe('ab')
  expect(cleanText('x\ud800y', 40)).toBe('x y')
})

test('each character that is unclean is found alone and among others, and what is next to one in the code is not', () => {
  for (const character of ['\u0000', '\u001f', '\u007f', '\u0080', '\u009f', '\u2028', '\u2029', '\ud800', '\udfff']) {
    expect(isClean(character)).toBe(false)
    expect(isClean(`a${character}b`)).toBe(false)
    expect(cleanText(`a${character}b`, 9)).toBe('a b')
    expect(cleanId(`a${character}b`)).toBe('ab')
  }
  for (const character of [' ', '~', '\u00a0', '\u2027', '\u202a', '\ud7ff', '\ue000', '👋', '']) {
    expect(isClean(character)).toBe(true)
    expect(cleanText(`a${character}b`, 9)).toBe(`a${character}b`)
  }
})

test('a text of just the length that is kept stays whole; one more goes, with the space before it and half a pair', () => {
  expect([cleanText('abc', 3), cleanText('abcd', 3), cleanText('ab cd', 3)]).toEqual(['abc', 'abc', 'ab'])
  expect([cleanText('a👋', 3), cleanText('ab👋', 3), cleanText('a👋b', 3)]).toEqual(['a👋', 'ab', 'a👋'])
  expect([cleanText('a\udbff\udfffb', 2), cleanText('ab\ue000', 2), cleanText('a\ud7ffb', 2)]).toEqual([
    ...['a', 'ab', 'a\ud7ff'],
  ])
  expect(cleanText('ab\u{10000}', 3)).toBe('ab')
  expect(cleanText('  a ', 3)).toBe('a')
  // Twice as much as is kept is looked at, so that blanks at its beginning do not take all of it.
  expect(cleanText(`   ${'a'.repeat(9)}`, 3)).toBe('aaa')
})

test('an id of just the length that is kept stays whole; a longer one ends in a digest of all of it', () => {
  expect(cleanId('x'.repeat(64), 64)).toBe('x'.repeat(64))
  expect(cleanId('x'.repeat(65), 64)).toMatch(/^x{47}~[0-9a-f]{16}$/)
  expect(cleanId(` ${'x'.repeat(64)}\n`, 64)).toBe('x'.repeat(64))
  expect(cleanId(`${'x'.repeat(300)}\n`)).toBe(cleanId('x'.repeat(300)))
  expect(cleanId(`${'x'.repeat(46)}👋${'x'.repeat(60)}`, 64)).toMatch(/^x{46}~[0-9a-f]{16}$/)
})

test('the patterns of requests refuse what is cleaned elsewhere', () => {
  const [clean, lines] = [new RegExp(CLEAN_PATTERN, 'u'), new RegExp(CLEAN_LINES_PATTERN, 'u')]
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
      (text) => {
        expect(clean.test(text)).toBe(isClean(text))
        expect(lines.test(text)).toBe(isClean(text.replace(/[\t\n\r]/g, '')))
      },
    ),
  )
})
