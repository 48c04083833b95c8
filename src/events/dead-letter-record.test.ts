import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consumedRecord } from '../../test/servers/consumed-record.ts'
import { producerOptions } from '../kafka/producer/producer-options.ts'
import { recordBytes } from '../kafka/wire/record-batch-encode.ts'
import type { DeadLetter } from './dead-letter.ts'
import { deadLetterRecord } from './dead-letter-record.ts'

const CAUSE = { reason: 'not-json', error: 'the value is not JSON', consumerGroup: 'group' } as const

function letterOf(value: Buffer): { bytes: number; letter: DeadLetter } {
  const record = consumedRecord({ topic: 'sms.delivery', offset: 7, key: 'key', value })
  const made = deadLetterRecord(record, CAUSE, 0)
  return { bytes: recordBytes(made), letter: JSON.parse(String(made.value)) as DeadLetter }
}

test('a record as large as a broker takes has a dead letter that the producer takes, whatever is in it', () => {
  const largest = producerOptions('safe').requestBytesMax
  for (const value of [randomBytes(1_000_000), Buffer.alloc(1_000_000), Buffer.alloc(1_000_000, '"')]) {
    const { bytes, letter } = letterOf(value)
    expect(bytes).toBeLessThan(largest)
    expect(letter.message_bytes).toBe(1_000_000)
    const message = Buffer.from(letter.message!, letter.message_encoding)
    expect(value.subarray(0, message.length).equals(message)).toBe(true)
  }
})

test('what is not large is kept whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (value) => {
      const { letter } = letterOf(Buffer.from(value))
      expect(Buffer.from(letter.message!, letter.message_encoding)).toEqual(Buffer.from(value))
      expect(letter.message_bytes).toBeUndefined()
    }),
  )
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
