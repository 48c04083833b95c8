import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileSenderRules, senderPattern } from './sender-rules.ts'

/** Every character that means something in an expression, and some that do not. */
const odd = fc.string({ unit: fc.constantFrom(...'.+?^$', ...'{}()|[]\\-/aA1 '), maxLength: 6 })

test('a pattern without a star fits itself and nothing else', () => {
  fc.assert(
    fc.property(odd, odd, (pattern, sender) => {
      expect(senderPattern([pattern])(pattern)).toBe(true)
      expect(senderPattern([pattern])(sender)).toBe(pattern === sender)
      expect(senderPattern([pattern, sender])(sender)).toBe(true)
    }),
  )
})

test('a star matches anything, and what is before and behind it must be there', () => {
  fc.assert(
    fc.property(odd, odd, odd, (before, between, behind) => {
      const fits = senderPattern([`<${before}*${behind}>`])
      expect(fits(`<${before}${between}${behind}>`)).toBe(true)
      expect(fits(`<${before}${behind}>~`)).toBe(false)
      expect(fits(`~<${before}${behind}>`)).toBe(false)
    }),
  )
  expect(senderPattern(['a*b*'])('axbxx')).toBe(true)
  expect(senderPattern(['a*b*'])('axc')).toBe(false)
  expect(senderPattern(['a', 'b'])('ab')).toBe(false)
})

test.each([
  [{}, null, { kind: 'use', sender: null }],
  [{}, 'x', { kind: 'use', sender: 'x' }],
  [{ default: 'd' }, null, { kind: 'use', sender: 'd' }],
  [{ default: 'd' }, 'x', { kind: 'use', sender: 'x' }],
  [{ replace: 'r' }, null, { kind: 'use', sender: 'r' }],
  [{ replace: 'r' }, 'x', { kind: 'use', sender: 'r' }],
  [{ default: 'd', replace: 'r' }, null, { kind: 'use', sender: 'd' }],
  [{ allow: ['x'] }, null, { kind: 'use', sender: null }],
  [{ allow: ['x'] }, 'x', { kind: 'use', sender: 'x' }],
  [{ allow: ['x'] }, 'y', { kind: 'refused' }],
  [{ allow: ['x'], replace: 'r' }, 'x', { kind: 'use', sender: 'x' }],
  [{ allow: ['x'], replace: 'r' }, 'y', { kind: 'use', sender: 'r' }],
])('%j makes of %j %j', (rules, sender, decision) => {
  expect(compileSenderRules(rules)(sender)).toEqual(decision)
})
