import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { request as post } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { gatewaySettings } from '../process/settings.ts'
import { readSettings } from '../runtime/settings.ts'
import { createAdminApp, readAdminAccess } from './admin-requests.ts'

const TOKEN = 'a token of enough characters'.replaceAll(' ', '-')
const accessOf = (env: Record<string, string>) => readAdminAccess(readSettings(gatewaySettings, env))

function adminApp(env: Record<string, string>) {
  const app = createAdminApp(accessOf(env))
  app.get('/livez', async () => 'live')
  app.get('/metrics', async () => 'figures')
  app.get('/v1/dead-letters', async () => 'dead letters')
  app.post('/v1/dead-letters/redrive', async (request) => request.body ?? {})
  onTestFinished(() => app.close())
  return app
}

test('an address that others reach demands a token, from the environment or from a file', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'smsgw-admin-'))
  const file = join(folder.path, 'token')
  for (const ADMIN_HOST of ['0.0.0.0', '::', '10.0.0.5', 'gateway.example']) {
    expect(() => accessOf({ ADMIN_HOST })).toThrow(/ADMIN_HOST is .* and there is no ADMIN_TOKEN/)
    expect(accessOf({ ADMIN_HOST, ADMIN_TOKEN: TOKEN }).token).toBe(TOKEN)
  }
  for (const ADMIN_HOST of ['127.0.0.1', '127.0.0.2', '::1', 'localhost'])
    expect(accessOf({ ADMIN_HOST }).token).toBe('')
  writeFileSync(file, `${TOKEN}\n`)
  expect(accessOf({ ADMIN_HOST: '::', ADMIN_TOKEN: 'another one, which loses', ADMIN_TOKEN_FILE: file }).token).toBe(
    TOKEN,
  )
  writeFileSync(file, '\n')
  expect(() => accessOf({ ADMIN_TOKEN_FILE: file })).toThrow(/is empty/)
  expect(() => accessOf({ ADMIN_TOKEN_FILE: `${file}.not` })).toThrow(/cannot be read/)
  expect(() => accessOf({ ADMIN_TOKEN: 'short' })).toThrow(/fewer than 16/)
})

test('the admin API asks for its token; health and metrics do not', async () => {
  const app = adminApp({ ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: TOKEN })
  const statusOf = async (url: string, authorization?: string): Promise<number> => {
    const headers = { host: '10.0.0.5:8081', ...(authorization && { authorization }) }
    return (await app.inject({ url, headers })).statusCode
  }
  expect(await statusOf('/v1/dead-letters', `Bearer ${TOKEN}`)).toBe(200)
  expect([await statusOf('/livez'), await statusOf('/metrics?a=b')]).toEqual([200, 200])
  for (const wrong of [undefined, '', 'Bearer', 'Bearer ', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]) {
    expect(await statusOf('/v1/dead-letters', wrong)).toBe(401)
  }
  for (const path of [
    '/metrics/../v1/dead-letters',
    '/v1/dead-letters?/metrics',
    '//v1/dead-letters',
    '/METRICS',
    '/unknown',
  ]) {
    expect(await statusOf(path)).toBe(401)
  }
})

test.each([
  [{ host: 'evil.example:8081' }],
  [{ host: '127.0.0.1:8081', origin: 'http://evil.example' }],
  [{ host: '127.0.0.1:8081', origin: 'null' }],
  [{ host: '127.0.0.1:8081', 'sec-fetch-site': 'cross-site' }],
  [{ host: '10.0.0.5:8081' }],
])('on every path a foreign host or origin is refused, also with the token: %o', async (headers) => {
  const app = adminApp({ ADMIN_TOKEN: TOKEN })
  for (const url of ['/livez', '/metrics', '/v1/dead-letters', '/unknown']) {
    const answer = await app.inject({ url, headers: { ...headers, authorization: `Bearer ${TOKEN}` } })
    expect([answer.statusCode, answer.body.includes('dead letters')]).toEqual([403, false])
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  }
})

test('names of the port are those of ADMIN_NAMES', async () => {
  const app = adminApp({ ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: TOKEN, ADMIN_NAMES: 'monitor, Gateway.Internal' })
  const statusOf = async (host: string): Promise<number> =>
    (await app.inject({ url: '/metrics', headers: { host } })).statusCode
  expect([await statusOf('monitor:8081'), await statusOf('GATEWAY.internal'), await statusOf('monitor2')]).toEqual([
    200, 200, 403,
  ])
})

test('bodies are JSON alone, as a form of a page can send everything else', async () => {
  const app = adminApp({})
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const headers = { host: '127.0.0.1:8081', 'content-type': type }
    const answer = await app.inject({ method: 'POST', url: '/v1/dead-letters/redrive', headers, body: '{"filter":{}}' })
    expect(answer.statusCode).toBe(415)
  }
})

test('a stranger is refused before the body is read', async () => {
  const app = adminApp({ ADMIN_TOKEN: TOKEN })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const headers = { 'content-type': 'application/json', 'content-length': 1_000_000 }
  const status = await new Promise((resolve, reject) => {
    const sent = post({ port, host: '127.0.0.1', method: 'POST', path: '/v1/dead-letters/redrive', headers })
    sent.once('response', ({ statusCode }) => resolve(statusCode)).once('error', reject)
    // The body never comes.
    sent.flushHeaders()
    onTestFinished(() => void sent.destroy())
  })
  expect(status).toBe(401)
})
