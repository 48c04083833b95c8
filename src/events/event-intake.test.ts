import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { ADMIN_ACTS, AdminAct, adminActType } from './admin-act.ts'
import { DeadLetter } from './dead-letter.ts'
import { actionType, DEAD_LETTER_ACTIONS, isActionType } from './dead-letter-action.ts'
import { EventFormError, eventCodec, intakeOf } from './event-codec.ts'
import { absentAs, intake, takeId, takeWords } from './fields.ts'
import { StatusEvent } from './status.ts'

const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const REQUIRED_STATUS = { event_id: '01HN3QXYZ0000000000000000C', sms_id: 1, customer_id: 'c', status: 'sent' }
const statuses = eventCodec(StatusEvent)

test('a reader fills what is absent, from the event or the time of its record, and leaves what is there', () => {
  const schema = Type.Object({
    a: absentAs(Type.Number(), () => 1),
    b: absentAs(Type.Union([Type.Number(), Type.Null()]), ({ a }) => a),
    c: absentAs(Type.String(), (_, at) => at),
    d: Type.Optional(Type.String()),
  })
  const take = intakeOf(schema)
  expect(take({}, 1_000)).toEqual({ a: 1, b: 1, c: '1970-01-01T00:00:01.000Z' })
  expect(take({})).toMatchObject({ c: '1970-01-01T00:00:00.000Z' })
  expect(take({ a: 2, b: null, c: '', d: 'd', e: 'e' })).toEqual({ a: 2, b: null, c: '', d: 'd', e: 'e' })
})

test('a field that stays absent is not written as undefined, and one that is optional stays so', () => {
  const schema = Type.Object({ a: intake(Type.Optional(Type.String()), takeWords) })
  expect(Object.keys(intakeOf(schema)({}) as object)).toEqual([])
  expect(eventCodec(schema).decode(bytesOf({}))).toEqual({})
})

test.each([[null], [[]], ['text'], [7]])('%j has no fields to fill', (value) => {
  const schema = Type.Object({ a: absentAs(Type.Number(), () => 1) })
  expect(intakeOf(schema)(value)).toEqual(value)
  expect(() => eventCodec(schema).decode(bytesOf(value))).toThrow(EventFormError)
})

test('a value without a schema of fields is read as it is', () => {
  expect(eventCodec(Type.String()).decode(bytesOf('text'))).toBe('text')
})

test('a fault names the event, the field and what is wrong with it, never what was there', () => {
  const fault = (decode: () => unknown): EventFormError => {
    try {
      decode()
    } catch (error) {
      return error as EventFormError
    }
    throw new Error('nothing was thrown')
  }
  expect(fault(() => statuses.decode(bytesOf({ ...REQUIRED_STATUS, sms_id: 'secret' })))).toMatchObject({
    name: 'EventFormError',
    reason: 'schema',
    message: 'sms.status: /sms_id must be integer',
  })
  expect(fault(() => statuses.decode(bytesOf([])))).toMatchObject({ message: 'sms.status: / must be object' })
  expect(fault(() => statuses.decode(Buffer.from('{"a":secret')))).toMatchObject({
    reason: 'not-json',
    message: 'sms.status: the value is not JSON',
  })
  expect(fault(() => statuses.decode(null))).toMatchObject({ reason: 'not-json' })
  expect(fault(() => statuses.decode(Buffer.of(0x7b, 0xff)))).toMatchObject({
    reason: 'not-json',
    message: 'sms.status: the value is not UTF-8 at byte 1',
  })
  expect(fault(() => statuses.decode(bytesOf({ ...REQUIRED_STATUS, operator: 7 })))).toMatchObject({
    message: 'sms.status: /operator must be string',
  })
})

test('text that cannot be stored is found in names and in depth, and only there where it is refused', () => {
  const Any = Type.Object({})
  for (const value of [{ 'a\0': 1 }, { a: [{ b: ['\ud800'] }] }, { '\udc00': null }]) {
    const bytes = bytesOf(value)
    expect(() => eventCodec(Any).decode(bytes)).toThrow(expect.objectContaining({ reason: 'schema' }))
    expect(() => eventCodec(Any).decode(bytes)).toThrow('cannot be stored')
    expect(eventCodec(Any, { takesAnyText: true }).decode(bytes)).toEqual(value)
  }
  const escaped = Buffer.from('{"a":"\\u0041","b":[null,true,1,"\\ud83d\\udc4b"]}')
  expect(eventCodec(Any).decode(escaped)).toEqual({ a: 'A', b: [null, true, 1, '👋'] })
})

test('what is written is checked: nothing is filled in for a writer', () => {
  expect(() => statuses.encode(REQUIRED_STATUS as StatusEvent)).toThrow(EventFormError)
  const full = statuses.decode(bytesOf(REQUIRED_STATUS))
  expect(JSON.parse(statuses.encode(full))).toEqual(full)
})

test('a status of which only its names are known is read', () => {
  expect(statuses.decode(bytesOf(REQUIRED_STATUS), 86_400_000)).toEqual({
    ...REQUIRED_STATUS,
    operator_message_id: null,
    error_code: null,
    error_message: null,
    delivered_at: null,
    latency_ms: 0,
    occurred_at: '1970-01-02T00:00:00.000Z',
    operator: '',
    attempt: 0,
    segments: 0,
    possible_duplicate: false,
  })
  expect(statuses.decode(bytesOf({ ...REQUIRED_STATUS, operator: '\n' })).operator).toBe('')
})

test('a dead letter without our fields is read as kept for its handler, as text, by an unknown group', () => {
  const place = { original_topic: 't', original_partition: 0, original_offset: 7 }
  const letter = { ...place, error: 'e', message: 'm', failed_at: '2026-11-24T10:00:00.000Z' }
  expect(eventCodec(DeadLetter).decode(bytesOf(letter))).toEqual({
    ...letter,
    ...{ message_encoding: 'utf8', reason: 'handler', attempts: 0, consumer_group: '' },
  })
})

test('of parts, what was said is cleaned, what is known is kept, and what is no part is refused', () => {
  const read = (parts: unknown) => statuses.decode(bytesOf({ ...REQUIRED_STATUS, parts })).parts
  const at = '2026-11-24T10:00:00.000Z'
  expect(read([{ part: 1, status: 'sent', operator_message_id: ' a\0 ', error_code: '\n', at }])).toEqual([
    { part: 1, status: 'sent', operator_message_id: 'a', at },
  ])
  expect(read([{ part: 2, error_code: '011', operator_message_id: null }])).toEqual([{ part: 2, error_code: '011' }])
  expect(read([])).toEqual([])
  for (const parts of [null, {}, 'text', [null], ['text'], [7], [{ part: 0 }], [{ part: 1, error_code: 7 }]]) {
    expect(() => read(parts), JSON.stringify(parts)).toThrow(EventFormError)
  }
})

test('identifiers and words are cleaned to their lengths, and what is no text is left to be refused', () => {
  expect(takeId(` ${'i'.repeat(300)}`)).toHaveLength(255)
  expect(takeWords(` ${'w'.repeat(3_000)}`)).toBe('w'.repeat(1_000))
  expect([takeId('\n'), takeWords('\n')]).toEqual([null, ''])
  for (const value of [7, null, undefined, ['a']]) expect([takeId(value), takeWords(value)]).toEqual([value, value])
})

test('records about dead letters are distinguished from dead letters by their type', () => {
  for (const kind of DEAD_LETTER_ACTIONS) {
    expect(actionType(kind)).toBe(`dlq.${kind}`)
    expect(isActionType(actionType(kind))).toBe(true)
  }
  for (const type of [undefined, '', 'dlq.', 'dlq.other', 'sms.status.sent', 'redriven']) {
    expect(isActionType(type)).toBe(false)
  }
})

test('acts of administrators have types of their own, and are read as they were written', () => {
  expect(new Set(ADMIN_ACTS.map(adminActType)).size).toBe(ADMIN_ACTS.length)
  expect(adminActType('key.revoked')).toBe('admin.key.revoked')
  const codec = eventCodec(AdminAct)
  const act: AdminAct = {
    ...{ act_id: 1, act: 'key.revoked', by: 'ops', at: '2026-11-24T10:00:00.000Z', subject: 'acme' },
    details: { reason: 'lost', count: 2, forced: true, names: ['a'] },
  }
  expect(codec.decode(Buffer.from(codec.encode(act)))).toEqual(act)
  for (const wrong of [{ act: 'key.lost' }, { by: '' }, { act_id: 0 }, { at: 'now' }, { details: { a: null } }]) {
    expect(() => codec.decode(bytesOf({ ...act, ...wrong }))).toThrow(EventFormError)
  }
})
