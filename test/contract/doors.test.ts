import { METHODS } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { apiGateway } from '../servers/api-gateway.ts'
import { bearer, GOOD, post } from '../servers/post-message.ts'

/** Every path that the API serves, with values in the place of its parameters. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  '/livez': ['GET', 'HEAD'],
  '/openapi.json': ['GET', 'HEAD'],
  '/docs': ['GET', 'HEAD'],
  '/docs/': ['GET', 'HEAD'],
  '/docs/js/scalar.js': ['GET', 'HEAD'],
  '/errors/no-route': ['GET', 'HEAD'],
  '/v1/balance': ['GET', 'HEAD'],
  '/v1/messages': ['POST'],
  '/v1/messages/batch': ['POST'],
  '/v1/messages/quote': ['POST'],
  '/v1/messages/77': ['GET', 'HEAD'],
  '/v1/messages/77/cancel': ['POST'],
}

test('C24: a known path answers every method that it does not take with 405 and Allow, with and without a key', async () => {
  const { app, key } = await apiGateway(1_000)
  for (const [url, allowed] of Object.entries(PATHS)) {
    for (const method of METHODS.filter((each) => each !== 'CONNECT')) {
      for (const headers of [{}, bearer(key)]) {
        const answer = await app.inject({ method: method as 'GET', url, headers })
        if (allowed.includes(method)) expect(answer.statusCode, `${method} ${url}`).not.toBe(405)
        else {
          expect(answer.statusCode, `${method} ${url}`).toBe(405)
          expect(answer.headers.allow).toBe(allowed.join(', '))
          if (method !== 'HEAD') expect(answer.json()).toMatchObject({ code: 'method-not-allowed', status: 405 })
        }
      }
    }
  }
})

test('the table above names every route, and what serves operators is not among them', async () => {
  const { app } = await apiGateway(0)
  const { paths } = (await app.inject({ url: '/openapi.json' })).json() as { paths: Record<string, object> }
  const described = Object.keys(paths).map((path) => path.replace('{sms_id}', '77').replace('{code}', 'no-route'))
  expect(Object.keys(PATHS)).toEqual(expect.arrayContaining(described))
  for (const url of ['/metrics', '/readyz', '/dlq', '/docs/openapi.json']) {
    expect((await app.inject({ url })).statusCode, url).toBe(404)
  }
  expect((await app.inject({ url: '/livez' })).json()).toEqual({ live: true })
})

test('names that every object has are no errors, and no paths', async () => {
  const { app } = await apiGateway(0)
  for (const name of [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '%5F%5Fproto%5F%5F',
    'x'.repeat(5_000),
  ]) {
    const answer = await app.inject({ url: `/errors/${name}` })
    expect(answer.statusCode, name).toBe(404)
    expect(answer.json()).toMatchObject({ code: 'not-found' })
    expect(answer.body.length).toBeLessThan(1_000)
  }
  expect((await app.inject({ url: '/errors/forbidden' })).json()).toMatchObject({ code: 'forbidden', status: 403 })
  expect((await app.inject({ url: '/errors/%ff' })).json()).toMatchObject({ code: 'invalid-request', status: 400 })
})

test('C19: the scheme of a key counts without regard to case; other schemes and forms are refused', async () => {
  const { app, key } = await apiGateway(1_000)
  for (const authorization of [`bearer ${key}`, `BEARER ${key}`, `bEaReR   ${key} `]) {
    expect((await app.inject({ url: '/v1/balance', headers: { authorization } })).statusCode, authorization).toBe(200)
  }
  for (const authorization of [
    key,
    `Basic ${key}`,
    `Bearer`,
    `Bearer ${key} ${key}`,
    `Bearer${key}`,
    `Bearer ${key}x`,
  ]) {
    const answer = await app.inject({ url: '/v1/balance', headers: { authorization } })
    expect(answer.statusCode, authorization).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
  }
})

test('documents: compressed, with an ETag that is honoured, and from nowhere else', async () => {
  const { app } = await apiGateway(0)
  for (const url of ['/docs/', '/docs/js/scalar.js', '/openapi.json', '/errors/no-route']) {
    const plain = await app.inject({ url })
    expect(plain.statusCode).toBe(200)
    expect(plain.headers).toMatchObject({
      'cache-control': expect.stringMatching(/^public, max-age=\d+$/),
      'x-content-type-options': 'nosniff',
    })
    expect(plain.headers['content-encoding']).toBeUndefined()
    const etag = plain.headers.etag as string
    const known = await app.inject({ url, headers: { 'if-none-match': `"other", W/${etag}` } })
    expect([known.statusCode, known.body, known.headers.etag]).toEqual([304, '', etag])
    expect((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode).toBe(200)
    const head = await app.inject({ method: 'HEAD', url })
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([
      200,
      '',
      plain.headers['content-length'],
    ])
    if (plain.rawPayload.length < 1_400) continue
    const etags = new Set([etag])
    for (const [accepted, encoding, unpack] of [
      ['gzip, deflate, br;q=1.0', 'br', brotliDecompressSync],
      ['gzip;q=0.5, br;q=0', 'gzip', gunzipSync],
    ] as const) {
      const packed = await app.inject({ url, headers: { 'accept-encoding': accepted } })
      expect(packed.headers['content-encoding']).toBe(encoding)
      expect(packed.headers.vary).toBe('accept-encoding')
      expect(unpack(packed.rawPayload)).toEqual(plain.rawPayload)
      expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2)
      etags.add(packed.headers.etag as string)
    }
    expect(etags.size).toBe(3)
  }
  const page = await app.inject({ url: '/docs/' })
  expect(page.headers['content-security-policy']).not.toMatch(/https?:|unsafe-eval|script-src[^;]*unsafe-inline|\*/)
  expect(page.body).not.toMatch(/https?:\/\//)
  const redirect = await app.inject({ url: '/docs' })
  expect([redirect.statusCode, redirect.headers.location]).toEqual([301, 'docs/'])
})

test('every answer is guarded, kept by no cache, and says nothing to pages of other origins', async () => {
  const { app, key } = await apiGateway(1_000)
  const answers = [
    await app.inject({ url: '/v1/balance', headers: { ...bearer(key), origin: 'https://elsewhere.example' } }),
    await app.inject({ url: '/v1/balance', headers: { origin: 'https://elsewhere.example' } }),
    await app.inject({ method: 'OPTIONS', url: '/v1/messages', headers: { origin: 'https://elsewhere.example' } }),
    await post(app, key, GOOD),
    await app.inject({ url: '/nothing' }),
  ]
  for (const { headers } of answers) {
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    for (const name of Object.keys(headers)) expect(name).not.toMatch(/^(access-control-|server$|x-powered-by)/)
  }
  const ids = await Promise.all([1, 2].map(() => app.inject({ url: '/nothing', headers: { 'request-id': 'mine' } })))
  const [first, second] = ids.map((answer) => answer.json().request_id)
  expect(first).toMatch(/^[0-9a-f-]{36}$/)
  expect(second).not.toBe(first)
})
