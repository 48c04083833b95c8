import { expect, test } from 'vitest'
import { claimBatch } from '../../src/outbox/claim-batch.ts'
import { messageEvents } from '../../src/outbox/message-events.ts'
import { apiGateway } from '../servers/api-gateway.ts'

const TO = '+989121234567'

async function gateway() {
  const { pool, app, key } = await apiGateway(10_000)
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const post = async (body: Record<string, unknown>, path = '') => {
    return app.inject({ method: 'POST', url: `/v1/messages${path}`, headers, payload: JSON.stringify(body) })
  }
  const get = async (path: string) => (await app.inject({ url: path, headers })).json()
  return { pool, app, post, get }
}

test('what is quoted is what is charged, and asking charges nothing', async () => {
  const { post, get } = await gateway()
  const body = { to: TO, text: '“Your code” – ۱۲۳۴', smart: true }
  const quote = await post(body, '/quote')
  expect(quote.statusCode).toBe(200)
  expect(quote.json()).toEqual({
    to: TO,
    text: '"Your code" - 1234',
    text_changed: true,
    encoding: 'gsm7',
    segments: 1,
    units: 18,
    units_left: 142,
    cost: 100,
    operator: 'simulator',
  })
  expect(await get('/v1/balance')).toMatchObject({ balance: 10_000, reserved: 0 })
  const sent = (await post(body)).json()
  expect(sent).toMatchObject({ text_changed: true, encoding: 'gsm7', segments: 1, cost: 100 })
  expect(await get(`/v1/messages/${sent.sms_id}`)).toMatchObject({ text: quote.json().text, flash: false })
  const plain = await post({ ...body, smart: false }, '/quote')
  expect(plain.json()).toMatchObject({ text: body.text, text_changed: false, encoding: 'ucs2', units: 18 })
})

test('an encoding, flash and a number in Persian digits reach the delivery task', async () => {
  const { pool, post, get } = await gateway()
  const answer = await post({
    to: '۰۰۹۸۹۱۲۱۲۳۴۵۶۷',
    from: '۳۰۰۰',
    text: 'ş'.repeat(100),
    encoding: 'gsm7-tr',
    flash: true,
  })
  expect(answer.json()).toMatchObject({ to: TO, encoding: 'gsm7-tr', segments: 1 })
  expect(await get(`/v1/messages/${answer.json().sms_id}`)).toMatchObject({
    flash: true,
    encoding: 'gsm7-tr',
    from: '3000',
  })
  const rows = await claimBatch(
    pool,
    Array.from({ length: 64 }, (_, shard) => ({ shard, seqAfter: 0 })),
    10,
  )
  const [, task] = messageEvents(rows[0]!.message!, 'customer')
  expect(JSON.parse(String(task.value))).toMatchObject({ encoding: 'gsm7-tr', flash: true, sender: '3000' })
})

test.each([
  [
    { text: 'a ş b 😀', encoding: 'gsm7' },
    'invalid-text',
    'does not fit gsm7: it has "ş" (U+015F) at 2, "😀" (U+1F600) at 6',
  ],
  [{ text: 'سلام', encoding: 'latin1' }, 'invalid-text', /^does not fit latin1: it has "س" \(U\+0633\) at 0, /],
  [{ text: 'x', encoding: 'morse' }, 'invalid-request', expect.any(String)],
  [{ text: 'x\0y' }, 'invalid-text', /U\+0000/],
  [{ text: 'x\ud83d' }, 'invalid-text', /half of a character/],
  [{ text: 'x', from: 'TwelveLetter' }, 'invalid-request', /11 characters/],
  [{ text: 'x', client_ref: 'a\0' }, 'invalid-request', expect.any(String)],
  [{ text: 'x', metadata: { a: '\ud83d' } }, 'invalid-request', expect.any(String)],
])('%j is refused by both routes alike, naming what is wrong', async (fields, code, detail) => {
  const { post } = await gateway()
  for (const path of ['', '/quote']) {
    const answer = await post({ to: TO, ...fields }, path)
    expect(answer.json()).toMatchObject({
      status: 400,
      code,
      errors: [
        {
          detail:
            typeof detail === 'string' ? detail : detail instanceof RegExp ? expect.stringMatching(detail) : detail,
        },
      ],
    })
  }
})
