import { expect, test } from 'vitest'
import { createCustomer, issueKey, setExpress } from '../../src/accounts/accounts.ts'
import { eventually } from '../gateway/eventually.ts'
import { apiGateway } from '../servers/api-gateway.ts'
import { bearer, GOOD, post } from '../servers/post-message.ts'

test('C5: a body with a byte that is not UTF-8 is refused, and nothing is charged', async () => {
  const { pool, app, key } = await apiGateway(1_000)
  for (const url of ['/v1/messages', '/v1/messages/quote', '/v1/messages/batch']) {
    const answer = await post(app, key, Buffer.from('{"to":"+989000000001","text":"caf\xe9"}', 'latin1'), url)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'invalid-request', detail: expect.stringContaining('byte E9 at 33') })
  }
  const other = { 'content-type': 'application/json; charset=iso-8859-1' }
  expect((await post(app, key, GOOD, '/v1/messages', other)).statusCode).toBe(415)
  expect((await post(app, key, GOOD, '/v1/messages', { 'content-encoding': 'gzip' })).statusCode).toBe(415)
  const { rows } = await pool.query('SELECT count(*) AS count FROM messages')
  expect(rows).toEqual([{ count: 0 }])
})

test.each([
  ['C18: a line break in a name', { metadata: { 'a\nb': 5 } }, '/metadata/a b'],
  ['a line break in a name of a text', { metadata: { 'a\nb': 'c' } }, '/metadata/a b'],
  ['a number as a value', { metadata: { a: 5 } }, '/metadata/a'],
  ['an object as a value', { metadata: { a: {} } }, '/metadata/a'],
  ['an empty name', { metadata: { '': 'a' } }, '/metadata/'],
  ['a name of 41 characters', { metadata: { ['n'.repeat(41)]: 'a' } }, `/metadata/${'n'.repeat(41)}`],
  ['a name that turns into something else', { metadata: JSON.parse('{"__proto__":"a"}') }, '/metadata/__proto__'],
  ['a value of 501 characters', { metadata: { a: 'b'.repeat(501) } }, '/metadata/a'],
  ['a control character in a value', { metadata: { a: 'b\u0007' } }, '/metadata/a'],
  ['half of a character in a name', { metadata: { '\ud800': 'b' } }, '/metadata/'],
  ['21 names', { metadata: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [n, 'a'])) }, '/metadata'],
  ['a list', { metadata: ['a'] }, '/metadata/0'],
  ['a line break in client_ref', { client_ref: 'a\nb' }, '/client_ref'],
  ['a line break in from', { from: '2000\n1' }, '/from'],
  ['half of a character in the text', { text: 'x\udfff' }, '/text'],
])('%s is refused with its place, and of a batch only its message', async (_what, fields, pointer) => {
  const { pool, app, key } = await apiGateway(1_000)
  const alone = await post(app, key, { ...GOOD, ...fields })
  expect(alone.statusCode).toBe(400)
  // A list is not an object, whatever its content.
  const place = 'metadata' in fields && Array.isArray(fields.metadata) ? '/metadata' : pointer.trimEnd()
  expect(alone.json().errors[0].pointer.trimEnd()).toBe(place)
  const batch = await post(app, key, { messages: [GOOD, { ...GOOD, ...fields }, GOOD] }, '/v1/messages/batch')
  expect(batch.json()).toMatchObject({ accepted: 2, rejected: 1 })
  expect(batch.json().results[1].errors[0].pointer.trimEnd()).toBe(`/messages/1${place}`)
  const { rows } = await pool.query('SELECT count(*) AS count FROM messages')
  expect(rows).toEqual([{ count: 2 }])
})

test('what metadata may be: forty characters of anything else, and values of several lines', async () => {
  const { app, key } = await apiGateway(1_000)
  const metadata = { 'نام مشتری': 'a\r\n\tb', constructor: 'c', ['n'.repeat(40)]: '' }
  const { sms_id } = (await post(app, key, { ...GOOD, metadata })).json()
  expect((await app.inject({ url: `/v1/messages/${sms_id}`, headers: bearer(key) })).json().metadata).toEqual(metadata)
})

test('a misshapen message costs itself alone, a misshapen batch all', async () => {
  const { app, key } = await apiGateway(1_000)
  const messages = [GOOD, null, 5, 'x', [], { to: 5, text: 'x' }, { text: 'x' }, { ...GOOD, txet: 'x' }, GOOD]
  const answer = await post(app, key, { messages }, '/v1/messages/batch')
  expect(answer.statusCode).toBe(202)
  expect(answer.json()).toMatchObject({ accepted: 2, rejected: 7 })
  expect(answer.json().results[7]).toMatchObject({ status: 400, errors: [{ pointer: '/messages/7/txet' }] })
  const wrong = [{}, [], null, 'x', { messages: 'x' }, { messages: [] }, { messages: [GOOD], more: 1 }]
  for (const body of [...wrong, { messages: Array.from({ length: 1_001 }, () => GOOD) }, '']) {
    const refused = await post(app, key, body, '/v1/messages/batch')
    expect(refused.statusCode, JSON.stringify(body).slice(0, 50)).toBe(400)
    expect(refused.json()).toMatchObject({ code: 'invalid-request' })
  }
})

test('priority 3 is a permission of the customer, and may be withheld from a key', async () => {
  const { pool, app, key } = await apiGateway(10_000)
  const { key: bulkKey } = await issueKey(pool, 'c', { express: false })
  await createCustomer(pool, { customerId: 'd', name: 'd', currency: 'IRR' })
  const { key: otherKey } = await issueKey(pool, 'd')
  const express = { ...GOOD, priority: 3 }
  expect((await post(app, key, express)).statusCode).toBe(202)
  for (const refusedKey of [bulkKey, otherKey]) {
    for (const url of ['/v1/messages', '/v1/messages/quote']) {
      const refused = await post(app, refusedKey, express, url)
      expect(refused.json()).toMatchObject({ status: 403, code: 'forbidden', errors: [{ pointer: '/priority' }] })
    }
    const batch = await post(app, refusedKey, { messages: [express] }, '/v1/messages/batch')
    expect(batch.json().results[0]).toMatchObject({ code: 'forbidden', errors: [{ pointer: '/messages/0/priority' }] })
  }
  expect((await post(app, bulkKey, { ...GOOD, priority: 2 })).statusCode).toBe(202)
  await setExpress(pool, 'd', true)
  // What is known of a key is believed for a while.
  const granted = await eventually(
    'the customer may send express messages',
    () => post(app, otherKey, express, '/v1/messages/quote'),
    ({ statusCode }) => statusCode === 200,
  )
  expect(granted.json()).toMatchObject({ cost: 100 })
})
