import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consumedRecord, faultyRecord } from '../../test/servers/consumed-record.ts'
import { auditEntry } from '../audit/audit-entry.ts'
import { readDeadLetter, reducedDeadLetter } from './read-dead-letter.ts'

const LETTER = {
  original_topic: 'sms.delivery',
  original_partition: 1,
  original_offset: 2,
  error: 'no',
  message: 'x',
  message_encoding: 'utf8',
  failed_at: '2026-11-24T10:00:00.000Z',
  reason: 'handler',
  attempts: 1,
  consumer_group: 'g',
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets)),
  fc
    .tuple(fc.constantFrom(...Object.keys(LETTER)), fc.jsonValue())
    .map(([field, value]) => Buffer.from(JSON.stringify({ ...LETTER, [field]: value }))),
)
const header = fc.tuple(fc.string({ maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 20 }))

test('any record of the dead letters’ topic gives a dead letter, an audit entry, and text that can be stored', () => {
  fc.assert(
    fc.property(bytes, fc.array(header, { maxLength: 4 }), (value, headers) => {
      const record = consumedRecord({ topic: 'sms.dlq', key: '\u0000k', value, headers })
      for (const letter of [readDeadLetter(record), reducedDeadLetter(record, 'refused\u0000')]) {
        const { error, originalTopic, consumerGroup, subject } = letter
        const texts = [
          error,
          originalTopic,
          consumerGroup,
          subject.customerId,
          subject.operator,
          ...letter.headers.flat(),
        ]
        for (const text of texts) expect(text?.includes('\u0000') ?? false).toBe(false)
        expect(Date.parse(letter.failedAt)).not.toBeNaN()
      }
      expect(() => JSON.stringify(auditEntry(record))).not.toThrow()
    }),
  )
})

test('a failure time that is years from that of its record is the record’s, each time it is read', () => {
  const record = consumedRecord({ value: JSON.stringify({ ...LETTER, failed_at: '1970-01-01T00:00:00.000Z' }) })
  expect(readDeadLetter(record).failedAt).toBe(new Date(record.timestampMs).toISOString())
  expect(readDeadLetter(record).failedAt).toBe(readDeadLetter(record).failedAt)
})

test('the placeholder of an unreadable batch is kept as unreadable, with its offsets', () => {
  const fault = 'the batch with offsets 3 to 9 cannot be read: its gzip data is damaged'
  const record = faultyRecord('sms.dlq', 3, fault)
  expect(readDeadLetter(record)).toMatchObject({
    reason: 'unreadable',
    error: expect.stringContaining('offsets 3 to 9'),
  })
  expect(auditEntry(record).fault).toContain('offsets 3 to 9')
})
