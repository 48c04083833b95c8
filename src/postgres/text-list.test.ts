import { expect, test } from 'vitest'
import { textList } from './text-list.ts'

test('texts become the list of an IN, and none that could end a literal or leave it empty does', () => {
  expect(textList(['queued', 'sending'])).toBe("('queued', 'sending')")
  expect(() => textList(["x' OR true --"])).toThrow(RangeError)
  expect(() => textList([])).toThrow(RangeError)
})
