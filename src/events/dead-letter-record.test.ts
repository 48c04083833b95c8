import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consumedRecord } from '../../test/servers/consumed-record.ts'
import { producerOptions } from '../kafka/producer/producer-options.ts'
import { recordBytes } from '../kafka/wire/record-batch-encode.ts'
import { DeadLetter } from './dead-letter.ts'
import { deadLetterRecord, originalValue } from './dead-letter-record.ts'
import { eventCodec } from './event-codec.ts'

const CAUSE = { reason: 'not-json', error: 'the value is not JSON', consumerGroup: 'group' } as const

function letterOf(value: Buffer): { bytes: number; letter: DeadLetter } {
  const record = consumedRecord({ topic: 'sms.delivery', offset: 7, key: 'key', value })
  const made = deadLetterRecord(record, CAUSE, 0)
  return { bytes: recordBytes(made), letter: JSON.parse(String(made.value)) as DeadLetter }
}

/** What a reader makes of the letter of a value. */
function readBack(value: Buffer): Buffer | null {
  const made = deadLetterRecord(consumedRecord({ topic: 'sms.delivery', value }), CAUSE, 0)
  const bytes = Buffer.from(made.value!)
  return originalValue(eventCodec(DeadLetter, { takesAnyText: true }).decode(bytes), bytes)
}

test('a record as large as a broker takes has a dead letter that the producer takes, whatever is in it', () => {
  const largest = producerOptions('safe').requestBytesMax
  for (const value of [randomBytes(1_000_000), Buffer.alloc(1_000_000), Buffer.alloc(1_000_000, '"')]) {
    const { bytes, letter } = letterOf(value)
    expect(bytes).toBeLessThan(largest)
    expect(letter.message_bytes).toBe(1_000_000)
    const message = Buffer.from(letter.message as string, letter.message_encoding)
    expect(value.subarray(0, message.length).equals(message)).toBe(true)
  }
})

test('what is not large is kept whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (value) => {
      const { letter } = letterOf(Buffer.from(value))
      expect(readBack(Buffer.from(value))).toEqual(Buffer.from(value))
      expect(letter.message_bytes).toBeUndefined()
    }),
  )
})

test('the object that was there is the object in the letter, and comes back byte for byte', () => {
  const text =
    ' {"sms_id": 7, "id":7091800003790954036,\n "text":"a \\"message\\":{} } ]", "message":{"message":[1,2,{}]}, "x":"é"}'
  const { letter } = letterOf(Buffer.from(text))
  expect(letter.message).toEqual(JSON.parse(text))
  expect(readBack(Buffer.from(text))).toEqual(Buffer.from(text))
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (object, indent) => {
      const value = Buffer.from(JSON.stringify(object, null, indent))
      expect(letterOf(value).letter.message).toEqual(JSON.parse(value.toString()))
      expect(readBack(value)).toEqual(value)
    }),
  )
})

test.each([
  ['an array', '[1]'],
  ['a text', '"{}"'],
  ['two objects', '{}{}'],
  ['an object that breaks off', '{"a":'],
  ['an object that is nested more deeply than readers take', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
])('%s is kept as a string', (_, text) => {
  expect(letterOf(Buffer.from(text)).letter.message).toBe(text)
  expect(readBack(Buffer.from(text))).toEqual(Buffer.from(text))
})

test('a text is not cut within a character', () => {
  const { letter } = letterOf(Buffer.from(`${'é'.repeat(300_000)}x`))
  expect(letter.message_encoding).toBe('utf8')
  expect(letter.message).toMatch(/^é+$/)
})

test('a record that is all headers, or all key, has a dead letter that the producer takes', () => {
  const largest = producerOptions('safe').requestBytesMax
  const headers = Array.from({ length: 90 }, (_, n): [string, string] => [`h${n}`, 'x'.repeat(10_000)])
  const manyHeaders = deadLetterRecord(consumedRecord({ key: 'k', headers }), CAUSE, 0)
  expect(recordBytes(manyHeaders)).toBeLessThan(largest / 4)
  expect(manyHeaders.headers!.filter(([name]) => /^h\d/.test(name))).toHaveLength(6)
  const longKey = deadLetterRecord(consumedRecord({ key: 'k'.repeat(900_000), value: 'v' }), CAUSE, 0)
  expect(recordBytes(longKey)).toBeLessThan(largest / 4)
  expect(longKey.key).toBeNull()
  expect(longKey.headers).toContainEqual(['dlq-key-bytes', '900000'])
})

test('what stands for records that cannot be read is a dead letter that names them', () => {
  const record = consumedRecord({ topic: 'sms.delivery', offset: 3 })
  record.fault = 'the batch with offsets 3 to 9 cannot be read: its gzip data is damaged'
  const letter = JSON.parse(String(deadLetterRecord(record, CAUSE, 0).value)) as DeadLetter
  expect(letter).toMatchObject({ reason: 'unreadable', original_offset: 3, message: null })
  expect(letter.error).toContain('offsets 3 to 9')
})
