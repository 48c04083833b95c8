import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consumedRecord, faultyRecord } from '../../test/servers/consumed-record.ts'
import { producerOptions } from '../kafka/producer/producer-options.ts'
import { recordBytes } from '../kafka/wire/record-batch-encode.ts'
import { DeadLetter } from './dead-letter.ts'
import { deadLetterRecord, originalValue } from './dead-letter-record.ts'
import { eventCodec } from './event-codec.ts'

const CAUSE = { reason: 'not-json', error: 'the value is not JSON', consumerGroup: 'group', attempts: 1 } as const

function deadLetterOf(value: Buffer): { bytes: number; letter: DeadLetter } {
  const record = consumedRecord({ topic: 'sms.delivery', offset: 7, key: 'key', value })
  const made = deadLetterRecord(record, CAUSE, 0)
  return { bytes: recordBytes(made), letter: JSON.parse(String(made.value)) as DeadLetter }
}

/** What a reader makes of the dead letter of a value. */
function readBack(value: Buffer): Buffer | null {
  const made = deadLetterRecord(consumedRecord({ topic: 'sms.delivery', value }), CAUSE, 0)
  const bytes = Buffer.from(made.value!)
  return originalValue(eventCodec(DeadLetter, { takesAnyText: true }).decode(bytes), bytes)
}

test('a record as large as a broker takes has a dead letter that the producer takes, whatever is in it', () => {
  const largest = producerOptions('safe').requestBytesMax
  for (const value of [randomBytes(1_000_000), Buffer.alloc(1_000_000), Buffer.alloc(1_000_000, '"')]) {
    const { bytes, letter } = deadLetterOf(value)
    expect(bytes).toBeLessThan(largest)
    expect(letter.message_bytes).toBe(1_000_000)
    const message = Buffer.from(letter.message as string, letter.message_encoding)
    expect(value.subarray(0, message.length).equals(message)).toBe(true)
  }
})

test('what is not large is kept whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (value) => {
      const { letter } = deadLetterOf(Buffer.from(value))
      expect(readBack(Buffer.from(value))).toEqual(Buffer.from(value))
      expect(letter.message_bytes).toBeUndefined()
    }),
  )
})

test('the original object is the object in the dead letter, and comes back byte for byte', () => {
  const text =
    ' {"sms_id": 7, "id":7091800003790954036,\n "text":"a \\"message\\":{} } ]", "message":{"message":[1,2,{}]}, "x":"é"}'
  const { letter } = deadLetterOf(Buffer.from(text))
  expect(letter.message).toEqual(JSON.parse(text))
  expect(readBack(Buffer.from(text))).toEqual(Buffer.from(text))
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (object, indent) => {
      const value = Buffer.from(JSON.stringify(object, null, indent))
      expect(deadLetterOf(value).letter.message).toEqual(JSON.parse(value.toString()))
      expect(readBack(value)).toEqual(value)
    }),
  )
})

test('a record without a value has a dead letter without one', () => {
  const made = deadLetterRecord(consumedRecord({ value: null }), CAUSE, 0)
  const bytes = Buffer.from(made.value!)
  const letter = eventCodec(DeadLetter, { takesAnyText: true }).decode(bytes)
  expect(letter).toMatchObject({ message: null, message_encoding: 'utf8' })
  expect(originalValue(letter, bytes)).toBeNull()
})

test.each([
  ['an array', '[1]'],
  ['a text', '"{}"'],
  ['two objects', '{}{}'],
  ['an object that breaks off', '{"a":'],
  ['an object that is nested more deeply than readers take', `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
])('%s is kept as a string', (_, text) => {
  expect(deadLetterOf(Buffer.from(text)).letter.message).toBe(text)
  expect(readBack(Buffer.from(text))).toEqual(Buffer.from(text))
})

test('a text is not cut within a character', () => {
  const { letter } = deadLetterOf(Buffer.from(`${'é'.repeat(300_000)}x`))
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

test('the placeholder of unreadable records is a dead letter that names them', () => {
  const fault = 'the batch with offsets 3 to 9 cannot be read: its gzip data is damaged'
  const record = faultyRecord('sms.delivery', 3, fault)
  const letter = JSON.parse(String(deadLetterRecord(record, CAUSE, 0).value)) as DeadLetter
  expect(letter).toMatchObject({ reason: 'unreadable', original_offset: 3, message: null })
  expect(letter.error).toContain('offsets 3 to 9')
})

test('a dead letter says where its record came from, in its value and in the headers that consoles read', () => {
  const headers: [string, string][] = [['ce_type', 'sms.delivery']]
  const record = consumedRecord({ topic: 'sms.delivery', partition: 5, offset: 42, key: 'acme', value: '[', headers })
  const made = deadLetterRecord(record, { ...CAUSE, attempts: 3, stack: 'at handle' }, Date.UTC(2026, 0, 1))
  expect([made.topic, String(made.key)]).toEqual(['sms.dlq', 'acme'])
  expect(JSON.parse(String(made.value))).toEqual({
    original_topic: 'sms.delivery',
    original_partition: 5,
    original_offset: 42,
    error: 'the value is not JSON',
    message: '[',
    message_encoding: 'utf8',
    failed_at: '2026-01-01T00:00:00.000Z',
    reason: 'not-json',
    attempts: 3,
    consumer_group: 'group',
  })
  expect(made.headers!.map(([name, value]) => [name, String(value)])).toEqual([
    ['ce_type', 'sms.delivery'],
    ['kafka_dlt-original-topic', 'sms.delivery'],
    ['kafka_dlt-original-partition', '5'],
    ['kafka_dlt-original-offset', '42'],
    ['kafka_dlt-original-timestamp', String(record.timestampMs)],
    ['kafka_dlt-original-consumer-group', 'group'],
    ['kafka_dlt-exception-message', 'the value is not JSON'],
    ['kafka_dlt-exception-stacktrace', 'at handle'],
    ['dlq-reason', 'not-json'],
    ['dlq-attempts', '3'],
    ['dlq-first-failed-at', '2026-01-01T00:00:00.000Z'],
  ])
})

test('a key, a value and headers of the largest size are kept, and one byte more is not', () => {
  const deadLetterFor = (parts: Parameters<typeof consumedRecord>[0]) => {
    const made = deadLetterRecord(consumedRecord(parts), CAUSE, 0)
    return { made, letter: JSON.parse(String(made.value)) as DeadLetter, names: made.headers!.map(([name]) => name) }
  }
  const longest = 'k'.repeat(65_536)
  expect(String(deadLetterFor({ key: longest }).made.key)).toBe(longest)
  expect(deadLetterFor({ key: longest }).names).not.toContain('dlq-key-bytes')
  expect(deadLetterFor({ key: `${longest}k` }).made.key).toBeNull()
  expect(deadLetterFor({ key: null }).names).not.toContain('dlq-key-bytes')
  const value = 'v'.repeat(131_072)
  expect(deadLetterFor({ value }).letter.message).toBe(value)
  expect(deadLetterFor({ value }).letter).not.toHaveProperty('message_bytes')
  expect(deadLetterFor({ value: `${value}v` }).letter).toMatchObject({ message: value, message_bytes: 131_073 })
  const header = (bytes: number): [string, string] => ['name', 'x'.repeat(bytes)]
  expect(deadLetterFor({ headers: [header(65_532)] }).names).toContain('name')
  expect(deadLetterFor({ headers: [header(65_533)] }).names).not.toContain('name')
})

test('whatever was thrown, and however long, a dead letter keeps so much of it that its place is found', () => {
  const thrown = { ...CAUSE, error: 'e'.repeat(100_000), stack: 's'.repeat(100_000) }
  const record = consumedRecord({ value: '{' })
  const made = deadLetterRecord(record, thrown, 0)
  expect((JSON.parse(String(made.value)) as DeadLetter).error).toBe('e'.repeat(2_000))
  expect(made.headers).toContainEqual(['kafka_dlt-exception-message', 'e'.repeat(2_000)])
  expect(made.headers).toContainEqual(['kafka_dlt-exception-stacktrace', 's'.repeat(8_000)])
  const without = deadLetterRecord(record, { ...thrown, stack: undefined }, 0).headers
  expect(without).toEqual(made.headers!.filter(([name]) => name !== 'kafka_dlt-exception-stacktrace'))
})

test('of text that is too long only whole characters are kept, of each of their lengths', () => {
  fc.assert(
    fc.property(fc.constantFrom('é', '€', '👋'), fc.nat(3), (character, before) => {
      const text = 'x'.repeat(before) + character.repeat(80_000)
      const { letter } = deadLetterOf(Buffer.from(text))
      expect(letter.message_encoding).toBe('utf8')
      expect(text.startsWith(letter.message as string)).toBe(true)
      expect(131_072 - Buffer.byteLength(letter.message as string)).toBeLessThan(Buffer.byteLength(character))
    }),
    { numRuns: 20 },
  )
})

test('bytes that are no text are cut where they must be, though all look like the middle of a character', () => {
  const { letter } = deadLetterOf(Buffer.alloc(200_000, 0x80))
  expect(letter.message_encoding).toBe('base64')
  expect(Buffer.from(letter.message as string, 'base64')).toHaveLength(131_068)
})
