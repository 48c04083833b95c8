import { expect, test } from 'vitest'
import { readText } from './message-text.ts'

const HINDI = 'आपका कोड 123456 है, किसी को न बताएँ। धन्यवाद। आपका दिन शुभ हो, फिर मिलेंगे दोस्त।'

test.each([
  [{ text: 'a' }, 'gsm7', 1],
  [{ text: HINDI }, 'ucs2', 2],
  // One table saves a segment; another has not all characters.
  [{ text: HINDI, languages: ['ta', 'hi'] }, 'gsm7-hi', 1],
  [{ text: HINDI.slice(0, 20), languages: ['hi'] }, 'ucs2', 1],
  [{ text: 'a', languages: ['hi'] }, 'gsm7', 1],
  [{ text: 'a', encoding: 'ucs2', smart: true }, 'ucs2', 1],
  [{ text: 'a', encoding: 'gsm7-hi' }, 'gsm7', 1],
] as const)('%j is %s', ({ text, ...wish }, encoding, segments) => {
  const { languages, ...rest } = { languages: undefined, ...wish }
  const request = { text, ...rest, ...(languages ? { languages: [...languages] } : {}) }
  expect(readText(request, 10, '')).toMatchObject({ textChanged: false, segmentation: { encoding, segments } })
})

test('smart changes a text only where it is asked to and it may', () => {
  const request = { text: 'it’s', smart: true } as const
  expect(readText(request, 10, '')).toMatchObject({ text: "it's", textChanged: true })
  expect(readText({ ...request, encoding: 'gsm7' }, 10, '')).toMatchObject({ text: "it's" })
  expect(readText({ ...request, encoding: 'ucs2' }, 10, '')).toMatchObject({ text: 'it’s', textChanged: false })
  expect(readText({ ...request, smart: false }, 10, '')).toMatchObject({ text: 'it’s', textChanged: false })
})

test.each([
  [{ text: '' }, 'is empty'],
  [{ text: 'a'.repeat(307) }, 'has 3 segments; 2 is the most'],
  [{ text: 'a\u200cb', encoding: 'gsm7' }, 'does not fit gsm7: it has (U+200C) at 1'],
  [{ text: 'a\ude00' }, 'has half of a character (U+DE00) at 1'],
  [{ text: 'a\ud83d' }, 'has half of a character (U+D83D) at 1'],
  [{ text: 'a\u0000b' }, 'has a control character (U+0000) at 1'],
  [{ text: 'it\u0092s' }, 'has a control character (U+0092) at 2'],
  [{ text: '\u001b[31m' }, 'has a control character (U+001B) at 0'],
] as const)('%j is refused', (request, detail) => {
  const problem = { code: 'invalid-text', pointers: [{ pointer: '/messages/3/text', detail }] }
  expect(() => readText(request, 2, '/messages/3')).toThrow(expect.objectContaining(problem))
})

test('line breaks, tabs, form feeds, marks of direction and emoji are sent as they are', () => {
  const text = 'a\tb\r\nc\u0085d\fe\u200f\u200d👨‍👩‍👧'
  expect(readText({ text }, 10, '')).toMatchObject({ text, textChanged: false })
})
