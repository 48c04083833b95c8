import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ID_FORMS, MessageIds, readId, spellId } from './message-id.ts'

test('an id reads back from every form', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.constantFrom(...ID_FORMS), (id, form) => {
      expect(readId(spellId(id, form), form)).toBe(id)
    }),
  )
})

test('a spelling that is none is not a number', () => {
  for (const form of ID_FORMS) expect(readId('12-x', form)).toBeNaN()
  expect(readId('ab', 'decimal')).toBeNaN()
  expect(readId('', 'hex')).toBeNaN()
})

test('ids rise, and those of a later run lie behind', () => {
  const [first, second] = [new MessageIds(1_000), new MessageIds(1_001)]
  const ids = [first.next(), first.next(), first.next(), second.next()]
  expect(ids).toEqual([...ids].sort((a, b) => a - b))
  expect(new Set(ids).size).toBe(4)
  expect(Number.isSafeInteger(new MessageIds(Date.parse('2035-01-01')).next())).toBe(true)
})
