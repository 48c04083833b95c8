import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventFormError } from './event-codec.ts'
import { decodePayload, encodePayload } from './outbox-payload.ts'

/** Any UTF-16 units but halves of pairs; NUL is one of them. */
const text = fc.string({ unit: 'binary' })

test('a record that waited is the record that was put in: any bytes as its key, any text', () => {
  const records = fc.record({
    topic: fc.string({ minLength: 1 }),
    key: fc.option(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
    value: text,
    headers: fc.array(fc.tuple(text, text)),
  })
  fc.assert(
    fc.property(records, (record) => {
      expect(decodePayload(encodePayload(record))).toEqual(record)
    }),
  )
})

test.each([
  ['{}'],
  ['x'],
  ['{"topic":"","key_base64":null,"value":"","headers":[]}'],
  ['{"topic":"t","key_base64":1,"value":"","headers":[]}'],
  ['{"topic":"t","key_base64":null,"value":"","headers":[["name"]]}'],
])('%s is no record', (payload) => {
  expect(() => decodePayload(payload)).toThrow(EventFormError)
})
