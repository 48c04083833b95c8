import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanId, cleanText, isClean } from './clean-text.ts'

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
