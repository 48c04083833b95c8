import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apiGateway } from '../servers/api-gateway.ts'

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000)
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 1_500)

/** Characters that someone, somewhere, does not expect. */
const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '\n',
    '\ud800',
    '\udfff',
    '__proto__',
    'constructor',
    '\u2028',
    '\u202e',
    '{}',
    'a'.repeat(5_000),
  ),
  fc.constantFrom(
    '+989121234567',
    '+98۹۱۲۱۲۳۴۵۶۷',
    '2026-11-24T09:30:00+03:30',
    '9999-12-31T23:59:59Z',
    'NaN',
    '1e400',
  ),
)

const odd = fc.oneof(
  oddText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(null, true, 0, -1, 1e300, 2 ** 53, Number.MIN_VALUE, 3.5, [], {}, [[]]),
  fc.dictionary(oddText, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 4 }),
)

const message = fc
  .record(
    {
      to: fc.oneof({ weight: 3, arbitrary: fc.constant('+989121234567') }, odd),
      text: fc.oneof({ weight: 3, arbitrary: fc.constant('hello') }, oddText, odd),
      from: odd,
      encoding: fc.oneof(fc.constantFrom('auto', 'gsm7', 'ucs2', 'latin1', 'gsm7-tr'), odd),
      languages: fc.oneof(fc.constant(['tr', 'es']), fc.array(odd, { maxLength: 3 }), odd),
      smart: odd,
      flash: odd,
      priority: fc.oneof(fc.integer({ min: -1, max: 4 }), odd),
      send_at: odd,
      valid_for: fc.oneof(fc.integer(), odd),
      client_ref: fc.oneof(oddText, odd),
      metadata: fc.oneof(fc.dictionary(oddText, oddText, { maxKeys: 5 }), odd),
    },
    { requiredKeys: [] },
  )
  .chain((fields) =>
    fc.oneof(
      { weight: 6, arbitrary: fc.constant({ to: '+989121234567', text: 'hello', ...fields }) },
      { weight: 1, arbitrary: fc.dictionary(oddText, odd, { maxKeys: 3 }).map((more) => ({ ...fields, ...more })) },
    ),
  )

const body = fc.oneof(
  { weight: 4, arbitrary: message },
  { weight: 3, arbitrary: fc.array(fc.oneof(message, odd), { maxLength: 8 }).map((messages) => ({ messages })) },
  { weight: 1, arbitrary: odd },
)

const header = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})

const request = fc.record({
  url: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('/v1/messages', '/v1/messages/batch', '/v1/messages/quote') },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom('/v1/messages/', '/errors/', '/docs/', '/'),
          oddText,
          fc.constantFrom('', '/cancel', '?a=%00'),
        )
        .map(([path, name, rest]) => path + encodeURIComponent(name.toWellFormed()) + rest),
    },
  ),
  method: fc.oneof({ weight: 6, arbitrary: fc.constant('POST') }, fc.constantFrom('GET', 'DELETE', 'OPTIONS')),
  body,
  headers: fc.record(
    { 'idempotency-key': header, traceparent: header, 'user-agent': header, 'x-forwarded-for': header },
    { requiredKeys: [] },
  ),
})

test('whatever is posted: an answer of the catalogue, never a fault of ours; and what is taken can be read', async () => {
  console.log(`FUZZ_SEED=${SEED} FUZZ_REQUESTS=${REQUESTS}`)
  const { app, key } = await apiGateway(1_000_000_000)
  const authorization = `Bearer ${key}`
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(request, async ({ url, method, body: value, headers }) => {
      const answer = await app.inject({
        method: method as 'POST',
        url,
        headers: { ...headers, authorization, 'content-type': 'application/json' },
        payload: JSON.stringify(value),
      })
      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
      expect(answer.statusCode, answer.body).toBeLessThan(500)
      if (answer.statusCode >= 400) {
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
        expect(answer.body.length).toBeLessThan(5_000)
      }
      if (answer.statusCode !== 202) return
      const { results } = answer.json() as { results?: { sms_id?: number }[] }
      for (const { sms_id } of results ?? [answer.json()]) {
        if (sms_id === undefined) continue
        const read = await app.inject({ url: `/v1/messages/${sms_id}`, headers: { authorization } })
        expect(read.statusCode).toBe(200)
      }
    }),
    { seed: SEED, numRuns: REQUESTS, endOnFailure: false },
  )
  console.log(Object.fromEntries(statuses))
  expect(statuses.get(202)).toBeGreaterThan(REQUESTS / 100)
  expect(statuses.get(400)).toBeGreaterThan(REQUESTS / 10)
}, 240_000)
