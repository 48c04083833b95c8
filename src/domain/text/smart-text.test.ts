import fc from 'fast-check'
import { expect, test } from 'vitest'
import { segment } from './segments.ts'
import { toGsmLookAlikes } from './smart-text.ts'

test.each([
  ['“Hi” – it’s 5\u00a0€…', '"Hi" - it\'s 5 €...'],
  ['Your code: ۱۲۳۴۵۶، thanks', 'Your code: 123456, thanks'],
  ['٠١٢٣٤٥٦٧٨٩ १२३ 𝟙', '0123456789 123 1'],
  ['ＡＢＣ ﬁne №5 Ⅷ', 'ABC fine No5 VIII'],
  ['ΚΑΛΗΜΕΡΑ ΣΑΣ', 'KAΛHMEPA ΣAΣ'],
  ['cafe\u0301', 'café'],
  ['a\u200cb\u200bc\ufeff\td', 'abc d'],
  ['½ off', '1/2 off'],
  ['a ½', 'a 1/2'],
  ['Ⅷ ²', 'VIII 2'],
  ['“”', '""'],
  ['،؟', ',?'],
  ['a\u0640b', 'ab'],
  ['\u2028a', '\na'],
  ['a\u2003b\u202fc', 'a b c'],
  ['a\u1680b', 'a b'],
  ['٣', '3'],
  ['ﬀ', 'ff'],
])('%s is sent as %s', (text, replaced) => {
  expect(toGsmLookAlikes(text)).toBe(replaced)
})

test.each([
  ['nothing to replace', 'plain [text] €'],
  ['Persian stays as it is, digits and all', 'کد ورود شما: ۱۲۳۴ — «متشکریم»'],
  ['as does a text with anything else that has no look-alike', '“Hi” 😀'],
  ['an accent is spelling, not typography', 'naïve'],
  ['a power is not a digit', '10² “m”'],
  ['nor is a half behind a whole', '1½ “l”'],
  ['nor one before it', '²1 “m”'],
  ['nor beside a Roman one', 'Ⅷ½'],
  ['a variant of what has no look-alike', 'ﷺ'],
  ['a half of a pair', 'a\ud83d'],
  ['nothing', ''],
  ['three dots for one may take another segment', '…'.repeat(70)],
])('%s', (_what, text) => {
  expect(toGsmLookAlikes(text)).toBeNull()
})

test('what comes of a text fits the alphabet, takes no more segments, and is left alone when replaced again', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.oneof(fc.constantFrom(...'ab €“”–…\u00a0۱،½²\u0301'), fc.string({ unit: 'grapheme', maxLength: 1 })),
      }),
      (text) => {
        const replaced = toGsmLookAlikes(text)
        if (replaced === null) return
        expect(segment(text).encoding).toBe('ucs2')
        expect(segment(replaced).encoding).toBe('gsm7')
        expect(segment(replaced).segments).toBeLessThanOrEqual(segment(text).segments)
        expect(toGsmLookAlikes(replaced)).toBeNull()
      },
    ),
    { numRuns: 1_000 },
  )
})

test('as many segments are taken as before, and one more is not', () => {
  // 70 units are one segment of UCS-2; of GSM 7-bit, 160 septets are.
  expect(toGsmLookAlikes('…'.repeat(53))).toBe('...'.repeat(53))
  expect(toGsmLookAlikes('…'.repeat(54))).toBeNull()
})
