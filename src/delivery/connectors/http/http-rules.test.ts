import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanId, cleanText, isClean } from '../../../domain/text/clean-text.ts'
import { readJson } from '../../../runtime/read-json.ts'
import type { Callback } from '../../callbacks/callback-door.ts'
import type { OutgoingMessage } from '../connector.ts'
import { type CallbackGuard, guardCallbacks } from './admit-callback.ts'
import { composeRequest, valuesOf } from './compose-request.ts'
import { describeHttp } from './describe-http.ts'
import { fillJson, fillText, TemplateError } from './fill-template.ts'
import type { HttpErrorForm, HttpPushForm } from './http-settings.ts'
import { TEMPLATE_NAMES } from './http-settings.ts'
import { at } from './json-pointer.ts'
import { type HttpAnswer, readAnswer } from './read-answer.ts'
import { parseCallbackBody } from './read-callback.ts'
import { readReceipts } from './read-receipts.ts'

const VALUES = new Map<string, string | number | boolean | null>([
  ['to', '989121234567'],
  ['text', 'a & b'],
  ['from', null],
  ['sms_id', 42],
  ['flash', false],
])

test('a template of one value alone is that value, and without a value it is left out', () => {
  expect(
    fillJson({ a: '{sms_id}', b: 'id {sms_id}', c: '{from}', d: ['{to}', '{from}'], e: '{flash}', f: 1 }, VALUES),
  ).toEqual({
    a: 42,
    b: 'id 42',
    d: ['989121234567'],
    e: false,
    f: 1,
  })
  expect(fillText('{from}', VALUES)).toBeNull()
  expect(fillText('<{from}>', VALUES)).toBe('<>')
  expect(() => fillText('{unknown}', VALUES)).toThrow(TemplateError)
})

test('whatever a text is, it arrives as it was: in a path, a query, a form and JSON', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.isWellFormed()),
      (text) => {
        const values = new Map([['text', text]])
        const form = { url: 'http://127.0.0.1/x/{text}/y', query: { q: '{text}' } }
        const get = composeRequest({ ...form, method: 'GET' }, values)
        const url = new URL(get.url)
        expect(url.searchParams.get('q')).toBe(text)
        if (text !== '.' && text !== '..') expect(decodeURIComponent(url.pathname.split('/')[2]!)).toBe(text)
        const posted = composeRequest({ url: 'http://127.0.0.1/', form: { t: '{text}' } }, values)
        expect(new URLSearchParams(posted.body!).get('t')).toBe(text)
        expect(JSON.parse(composeRequest({ url: 'http://127.0.0.1/', json: { t: '{text}' } }, values).body!)).toEqual({
          t: text,
        })
      },
    ),
  )
})

/** An answer whose body came whole. */
function answered(status: number, text: string): HttpAnswer {
  let json: unknown = null
  try {
    json = readJson(text)
  } catch {}
  return { status, text, json, extent: 'whole' }
}

test('only what says so is taken; what may have been taken is ambiguous', () => {
  const { answer, errors } = describeHttp({ use: 'kavenegar' })
  const read = (status: number, json: unknown) => readAnswer(answered(status, JSON.stringify(json)), answer, errors!)
  const taken = { return: { status: 200 }, entries: [{ messageid: 8792343 }] }
  expect(read(200, taken)).toEqual({ kind: 'sent', operatorMessageId: '8792343' })
  expect(read(200, { return: { status: 200 }, entries: [] })).toMatchObject({ kind: 'unidentified' })
  expect(read(418, { return: { status: 418 }, entries: null })).toEqual({ kind: 'temporary', code: '418' })
  expect(read(411, { return: { status: 411 } })).toEqual({ kind: 'rejected', code: '411' })
  expect(read(451, { return: { status: 451 } })).toEqual({ kind: 'throttled', code: '451' })
  expect(read(429, null)).toEqual({ kind: 'throttled', code: 'http-429' })
  expect(read(500, '<html>')).toEqual({ kind: 'ambiguous', code: 'http-500' })
  expect(read(503, null)).toEqual({ kind: 'temporary', code: 'http-503' })
  expect(read(302, null)).toMatchObject({ kind: 'ambiguous' })
})

test('the words of a refusal are quoted where the description says they are: clean, bounded, and nothing else', () => {
  const form = { id: '/id', code: '/code', taken: ['ok'], text: '/why' }
  const errors: HttpErrorForm = { codes: { busy: 'throttled' }, otherwise: 'temporary' }
  const read = (status: number, json: object) => readAnswer(answered(status, JSON.stringify(json)), form, errors)
  expect(read(200, { code: 'busy', why: ' Try\nlater ' })).toEqual({
    kind: 'throttled',
    code: 'busy',
    text: 'Try later',
  })
  expect(read(200, { code: '9', why: 'x'.repeat(1_000) })).toMatchObject({ kind: 'temporary', text: 'x'.repeat(200) })
  expect(read(400, { why: 'Bad number' })).toEqual({ kind: 'rejected', code: 'http-400', text: 'Bad number' })
  for (const why of [undefined, null, {}, '', '\u0000'])
    expect(read(200, { code: '9', why })).not.toHaveProperty('text')
  expect(read(200, { code: 'ok', id: 'a', why: 'fine' })).toEqual({ kind: 'sent', operatorMessageId: 'a' })
})

test('no answer of any kind makes a message sent that does not name it, and what comes of it can be stored', () => {
  const { answer, errors } = describeHttp({ use: 'infobip', receipts: {} })
  const id = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary', maxLength: 400 }))
  const body = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.jsonValue().map((json) => JSON.stringify(json)),
    id.map((messageId) => JSON.stringify({ messages: [{ messageId }] })),
  )
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), body, (status, text) => {
      const heard = answered(status, text)
      const result = readAnswer(heard, answer, errors!)
      if (result.kind === 'sent') {
        expect(at(heard.json, answer.id)).toBeDefined()
        expect(result.operatorMessageId).toBe(cleanId(result.operatorMessageId))
      } else expect(result.code).toBe(cleanText(result.code, 100))
      if (result.kind === 'unidentified') expect(isClean(result.sample) && result.sample.length <= 500).toBe(true)
    }),
  )
})

test('an answer of success without an id means taken, unless the description says otherwise', () => {
  const read = (text: string, form: object, extent: HttpAnswer['extent'] = 'whole', errors: HttpErrorForm = {}) =>
    readAnswer({ ...answered(200, text), extent }, { id: '/id', ...form }, errors)
  const coded = { code: '/code', taken: ['ok'] }
  for (const form of [{}, coded]) {
    expect(read('', form)).toEqual({ kind: 'unidentified', code: 'answer-unreadable', sample: '' })
    expect(read('OK', form)).toEqual({ kind: 'unidentified', code: 'answer-unreadable', sample: 'OK' })
    expect(read('{"id":', form)).toMatchObject({ kind: 'unidentified', code: 'answer-unreadable' })
    expect(read('{"id":"\\u0000"}', form)).toMatchObject({ kind: 'unidentified', code: 'answer-without-id' })
    expect(read('{"id":{}}', form)).toMatchObject({ kind: 'unidentified', code: 'answer-without-id' })
    expect(read('[[[[', form, 'too-long')).toMatchObject({ kind: 'unidentified', code: 'answer-too-long' })
    expect(read('', { ...form, without_id: 'temporary' })).toEqual({ kind: 'temporary', code: 'answer-unreadable' })
    expect(read('', { ...form, without_id: 'taken' })).toMatchObject({ kind: 'unidentified' })
    expect(read('', form, 'whole', { statuses: { '2xx': 'ambiguous' } })).toMatchObject({ kind: 'ambiguous' })
    expect(read('{"id":7}', form)).toEqual({ kind: 'sent', operatorMessageId: '7' })
  }
  // Where a code decides, the part that did not come might have had it.
  expect(read('{"id":', {}, 'incomplete')).toMatchObject({ kind: 'unidentified', code: 'answer-incomplete' })
  expect(read('{"id":', coded, 'incomplete')).toEqual({ kind: 'ambiguous', code: 'answer-incomplete' })
  expect(read('{"code":"ok"}', { ...coded, without_id: 'rejected' })).toMatchObject({ kind: 'unidentified' })
  expect(read('{"code":"ok","id":7091800003790954036}', coded)).toEqual({
    kind: 'sent',
    operatorMessageId: '7091800003790954036',
  })
  expect(read('{"code":"ok","id":"abc\\u0000"}', coded)).toEqual({ kind: 'sent', operatorMessageId: 'abc' })
  expect(read('{"code":"no\\u0000way"}', coded, 'whole', { otherwise: 'rejected' })).toEqual({
    kind: 'rejected',
    code: 'no way',
  })
})

test('receipts are read one or many, from query, form or JSON, and intermediate ones are ignored', () => {
  const infobip = describeHttp({ use: 'infobip' }).receipts!.push!
  const result = (groupName: string) => ({
    messageId: groupName,
    status: { groupName },
    error: { name: 'EC' },
    doneAt: '2026-11-24T10:00:00.000+0000',
  })
  const body = { results: ['PENDING', 'DELIVERED', 'EXPIRED', 'NEW ONE'].map(result) }
  const { receipts, odd, ignored } = readReceipts(body, infobip, Date.parse('2026-11-24T11:00:00Z'))
  expect([odd, ignored]).toEqual([[], 2])
  expect(receipts).toMatchObject([
    { operatorMessageId: 'DELIVERED', status: 'delivered', errorCode: null, at: new Date('2026-11-24T10:00:00Z') },
    { operatorMessageId: 'EXPIRED', status: 'expired', errorCode: 'EC', at: new Date('2026-11-24T10:00:00Z') },
  ])
  const kavenegar = describeHttp({ use: 'kavenegar' }).receipts!.push!
  const callback = (over: Partial<Callback>): Callback => ({
    address: '127.0.0.1',
    headers: {},
    query: {},
    body: Buffer.alloc(0),
    ...over,
  })
  const form = {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from('messageid=7&status=10'),
  }
  for (const each of [callback({ query: { messageid: '7', status: '10' } }), callback(form)]) {
    expect(readReceipts(parseCallbackBody(each), kavenegar, 0).receipts).toMatchObject([
      { operatorMessageId: '7', status: 'delivered' },
    ])
  }
  expect(readReceipts(parseCallbackBody(callback({ body: Buffer.from('{') })), kavenegar, 0)).toMatchObject({
    receipts: [],
    odd: [{ operatorMessageId: null, words: '{}' }],
  })
})

test('a callback needs every check that the description has', () => {
  const push: HttpPushForm = {
    id: '/id',
    status: '/status',
    statuses: {},
    addresses: ['10.0.0.0/8', '2001:db8::1'],
    token: { query: 'token', secret: 'token' },
    signature: { header: 'X-Signature', prefix: 'sha256=', secret: 'key' },
  }
  const body = Buffer.from('{"id":1}')
  const signature = `sha256=${createHmac('sha256', 'k').update(body).digest('hex').toUpperCase()}`
  const good: Callback = {
    address: '::ffff:10.1.2.3',
    headers: { 'x-signature': signature },
    query: { token: 't' },
    body,
  }
  const secrets = new Map([
    ['token', 't'],
    ['key', 'k'],
  ])
  const guard = guardCallbacks(push, secrets)
  const judgeBy = (by: CallbackGuard, callback: Callback) => by.judgeHead(callback) ?? by.judgeBody(callback)
  const judge = (over: Partial<Callback>) => judgeBy(guard, { ...good, ...over })
  expect(judge({})).toBeNull()
  expect(judge({ address: '2001:db8::1' })).toBeNull()
  expect(judge({ address: '11.0.0.1' })).toBe('address')
  expect(judge({ query: {} })).toBe('token')
  expect(judge({ query: { token: 'tt' } })).toBe('token')
  expect(judge({ headers: {} })).toBe('signature')
  expect(judge({ body: Buffer.from('{"id":2}') })).toBe('signature')
  const unsigned = createHmac('sha256', '').update(body).digest('hex')
  const anonymous = { ...good, query: { token: '' }, headers: { 'x-signature': `sha256=${unsigned}` } }
  const { token: _t, ...signedOnly } = push
  expect(judgeBy(guardCallbacks(push, new Map()), anonymous)).toBe('token')
  expect(judgeBy(guardCallbacks(signedOnly, new Map()), anonymous)).toBe('signature')
  // Without its body only what is wrong in its head is known.
  const unread = { address: good.address, query: good.query, headers: {} }
  expect(guard.judgeHead(unread)).toBe('signature')
  expect(guard.judgeHead({ ...unread, headers: { 'x-signature': 'sha256=00' } })).toBeNull()
  expect(guard.withoutToken({ token: 't', id: '7' })).toEqual({ id: '7' })
})

test('a description that is not whole is refused by the place', () => {
  expect(() => describeHttp({})).toThrow('http')
  expect(() => describeHttp({ use: 'kavenegar', answer: { id: 5 } })).toThrow('http/answer/id')
  const request = { url: 'https://example.org' }
  const push = { id: '/id', status: '/status', statuses: {} }
  expect(() => describeHttp({ request, answer: { id: '/id' }, receipts: { push } })).toThrow('anyone could call')
  expect(() => describeHttp({ request, answer: { id: '/id', code: '/c' } })).toThrow('together')
  expect(() => describeHttp({ request: { ...request, form: {}, json: {} }, answer: { id: '/id' } })).toThrow(
    'one is sent',
  )
  for (const use of ['infobip', 'kavenegar', 'magfa'] as const) expect(describeHttp({ use }).answer.id).toContain('/')
})

test('templates may name what a message has', () => {
  const message: OutgoingMessage = {
    smsId: 1,
    ref: '1.1',
    phone: '+989121234567',
    sender: null,
    text: 'a',
    encoding: 'gsm7',
    flash: false,
    validUntilMs: null,
    priority: 1,
  }
  expect([...valuesOf(message, new Map([['receipt_url', null]])).keys()].sort()).toEqual([...TEMPLATE_NAMES].sort())
})

test('names that every object has are no codes and no statuses', () => {
  const { answer, errors, receipts } = describeHttp({ use: 'kavenegar' })
  const body = { return: { status: 'constructor' }, messageid: 7, status: 'constructor' }
  expect(readAnswer(answered(200, JSON.stringify(body)), answer, errors!)).toEqual({
    kind: 'temporary',
    code: 'constructor',
  })
  expect(readReceipts(body, receipts!.push!, 0)).toMatchObject({ receipts: [], ignored: 1 })
})
