import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readJson } from './read-json.ts'

test('integers keep their digits, however many they have', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (integer) => {
      const { id } = readJson(`{"id":${integer}}`) as { id: unknown }
      expect(String(id)).toBe(String(integer))
    }),
  )
  expect(readJson('{"msgid":7091800003790954036}')).toEqual({ msgid: '7091800003790954036' })
})

test('everything else is what JSON.parse makes of it', () => {
  fc.assert(
    fc.property(
      fc.json().filter((text) => !/[0-9]{16}/.test(text)),
      (text) => {
        expect(readJson(text)).toEqual(JSON.parse(text))
      },
    ),
  )
})
