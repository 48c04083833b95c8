import { type AddressInfo, createConnection } from 'node:net'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../gateway/eventually.ts'
import { apiGateway } from '../servers/api-gateway.ts'
import { fixedRouter } from '../servers/fixed-operators.ts'
import { GOOD } from '../servers/post-message.ts'

async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

/** A connection, what it was sent so far, and when it was closed by the other side. */
function connect(port: number, bytes: string) {
  const socket = createConnection({ port, host: '127.0.0.1' })
  onTestFinished(() => {
    socket.destroy()
  })
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', () => {})
  const connected = new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  socket.write(bytes)
  return { socket, connected, closed, received: () => received }
}

test('too many connections: the oldest stranger makes room, a customer never', async () => {
  const { app, key } = await apiGateway(1_000, fixedRouter(), { limits: { connectionsPerAddressMax: 3 } })
  const port = await listen(app)
  const customer = connect(port, `GET /v1/balance HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`)
  await eventually(
    'the customer has its balance',
    async () => customer.received(),
    (text) => text.includes('"balance"'),
  )
  const strangers = [1, 2].map(() => connect(port, 'GET '))
  for (const { connected } of strangers) await connected
  const third = connect(port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n')
  await strangers[0]!.closed
  await eventually(
    'the third stranger is answered',
    async () => third.received(),
    (text) => text.includes('"live":true'),
  )
  customer.socket.write(`GET /v1/balance HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`)
  await eventually(
    'the customer has its balance again',
    async () => customer.received(),
    (text) => text.split('"balance"').length === 3,
  )
})

test('one connection may have a few requests under way, and what is no HTTP is answered and closed', async () => {
  const { app } = await apiGateway(0)
  const port = await listen(app)
  const many = connect(port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(1_000))
  expect((await many.closed).split('"live"').length).toBeLessThan(1_000)
  const rubbish = await connect(port, 'rubbish\r\n\r\n').closed
  expect(rubbish).toMatch(/^HTTP\/1\.1 400 /)
  expect(rubbish).toContain('"code":"invalid-request"')
  const long = await connect(port, `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`).closed
  expect(long).toMatch(/^HTTP\/1\.1 431 /)
  expect(problemIn(long)).toMatchObject({ code: 'headers-too-large', status: 431, type: '/errors/headers-too-large' })
  const huge = connect(port, 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999\r\n\r\nx')
  expect(await huge.closed).toMatch(/^HTTP\/1\.1 401 /)
})

/** The body of the last answer in the bytes of a connection. */
function problemIn(answer: string): Record<string, unknown> {
  expect(answer).toContain('\r\ncontent-type: application/problem+json')
  return JSON.parse(answer.slice(answer.lastIndexOf('\r\n\r\n') + 4))
}

test('what Node would refuse without a word is a problem of the catalogue: no Host, an expectation that is not known', async () => {
  const { app, key } = await apiGateway(1_000)
  const port = await listen(app)
  const hostless = await connect(port, 'GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n').closed
  expect(hostless).toMatch(/^HTTP\/1\.1 400 /)
  expect(problemIn(hostless)).toMatchObject({ code: 'invalid-request', detail: expect.stringContaining('Host') })
  expect(await connect(port, 'GET /livez HTTP/1.0\r\n\r\n').closed).toContain('"live":true')
  const head = `POST /v1/messages HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${key}\r\n`
  const body = JSON.stringify(GOOD)
  const rest = `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const strange = await connect(port, `${head}expect: 200-maybe\r\n${rest}`).closed
  expect(strange).toMatch(/^HTTP\/1\.1 417 /)
  expect(problemIn(strange)).toMatchObject({ code: 'expectation-failed', status: 417 })
  const usual = await connect(port, `${head}Expect: 100-Continue\r\n${rest}`).closed
  expect(usual).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 /)
})

test('a request whose headers do not arrive in time is answered 408 and closed', async () => {
  const { app } = await apiGateway(0)
  const port = await listen(app)
  const slow = connect(port, 'GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: ')
  const drip = setInterval(() => slow.socket.write('x'), 200)
  onTestFinished(() => clearInterval(drip))
  const answer = await slow.closed
  expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
  expect(answer).toContain('\r\nretry-after: 1\r\n')
  expect(problemIn(answer)).toMatchObject({ code: 'request-timeout', status: 408, retry: 'now' })
})

test('bytes that are nearly HTTP: each is answered or closed, and the door stays open', async () => {
  const { app, key } = await apiGateway(1_000)
  const port = await listen(app)
  const body = JSON.stringify(GOOD)
  const whole = Buffer.from(
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
  const seed = Date.now() % 1_000_000
  console.log(`seed ${seed}`)
  const change = fc.record({ at: fc.nat(whole.length - 1), bytes: fc.uint8Array({ maxLength: 3 }), remove: fc.nat(3) })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      let bytes = whole
      for (const { at, bytes: put, remove } of changes) {
        bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + remove)])
      }
      const socket = createConnection({ port, host: '127.0.0.1' })
      socket.on('error', () => {})
      socket.end(bytes)
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk
      })
      await new Promise((resolve) => socket.once('close', resolve))
      if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 (100|[24]\d\d) /)
    }),
    { seed, numRuns: 400 },
  )
  const good = await connect(port, 'GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n').closed
  expect(good).toContain('"live":true')
})
