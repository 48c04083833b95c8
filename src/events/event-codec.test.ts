import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isClean } from '../domain/text/clean-text.ts'
import { DeliveryTask } from './delivery.ts'
import { EventFormError, eventCodec } from './event-codec.ts'
import { StatusEvent } from './status.ts'

const STATUS = {
  event_id: '01HN3QXYZ0000000000000000C',
  sms_id: 1,
  customer_id: 'c',
  status: 'sent',
  operator_message_id: 'x',
  error_code: null,
  error_message: null,
  delivered_at: null,
  latency_ms: 1,
  occurred_at: '2026-11-24T10:00:00.000Z',
  operator: 'o',
  attempt: 1,
  segments: 1,
  possible_duplicate: false,
}
const TASK = {
  task_id: '01HN3QXYZ0000000000000000B',
  sms_id: 1,
  customer_id: 'c',
  phone: '+989121234567',
  message: 'text',
  operator: 'o',
  priority: 1,
  retry_count: 0,
  max_retries: 3,
  created_at: '2026-11-24T10:00:00.000Z',
}

const statuses = eventCodec(StatusEvent)
const tasks = eventCodec(DeliveryTask)
const bytesOf = (value: object): Buffer => Buffer.from(JSON.stringify(value))

/** Any UTF-16 units: halves of pairs, controls, everything. */
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) })

test('whatever bytes come, what is thrown says that they are no event', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.tuple(fc.constantFrom(...Object.keys(STATUS)), fc.jsonValue()).map(([field, value]) => {
      return bytesOf({ ...STATUS, [field]: value })
    }),
  )
  fc.assert(
    fc.property(bytes, (value) => {
      try {
        expect(statuses.decode(Buffer.from(value)).sms_id).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toBeInstanceOf(EventFormError)
      }
    }),
  )
})

test('bytes that are not UTF-8 are refused with their place, never replaced', () => {
  const text = JSON.stringify({ ...TASK, message: 'cafX' })
  const bytes = Buffer.from(text.replace('X', '\xe9'), 'latin1')
  expect(() => tasks.decode(bytes)).toThrow(`not UTF-8 at byte ${text.indexOf('X')}`)
})

test('what operators said is cleaned on its way in: no control characters, no half pairs, no length without end', () => {
  fc.assert(
    fc.property(anyText, anyText, (id, words) => {
      const parts = [{ part: 1, operator_message_id: id, error_code: words }]
      const said = { operator_message_id: id, error_code: id, error_message: words, operator: id, route: words, parts }
      const event = statuses.decode(bytesOf({ ...STATUS, ...said }))
      const part = event.parts![0]!
      const texts = [event.operator_message_id, event.error_code, event.error_message, event.operator, event.route]
      for (const text of [...texts, part.operator_message_id, part.error_code]) {
        expect(isClean(text ?? '')).toBe(true)
        expect((text ?? '').length).toBeLessThanOrEqual(1_000)
      }
    }),
  )
  const long = statuses.decode(bytesOf({ ...STATUS, operator_message_id: 'x'.repeat(100_000) }))
  expect(long.operator_message_id).toHaveLength(255)
})

test('a text that cannot be stored is no event: the message of a task stays what it is, or is not sent', () => {
  for (const message of ['a\u0000b', 'a\ud800b', '\udc00']) {
    expect(() => tasks.decode(bytesOf({ ...TASK, message }))).toThrow('cannot be stored')
  }
  expect(tasks.decode(bytesOf({ ...TASK, message: 'a\nb 👋 \u200c' })).message).toBe('a\nb 👋 \u200c')
})

test('times that no clock of ours had are not of the form, and those of 150 months are', () => {
  for (const time of [
    '9999-01-01',
    '0000-01-01',
    '2026-13-01',
    '2026-00-10',
    '2026-01-32',
    '-100-01-01',
    '1969-12-31',
  ]) {
    expect(() => statuses.decode(bytesOf({ ...STATUS, occurred_at: `${time}T00:00:00.000Z` })), time).toThrow(
      'occurred_at',
    )
  }
  for (let month = 0; month < 150; month++) {
    const occurred_at = new Date(Date.UTC(2015, month)).toISOString()
    expect(statuses.decode(bytesOf({ ...STATUS, occurred_at })).occurred_at).toBe(occurred_at)
  }
})

test('a value nested as deep as it is long is looked through', () => {
  const deep = `${'['.repeat(200_000)}"\\ud800"${']'.repeat(200_000)}`
  const text = JSON.stringify(STATUS).replace('{', `{"unknown":${deep},`)
  expect(() => statuses.decode(Buffer.from(text))).toThrow(EventFormError)
})
