import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { ReceiptListener } from '../../src/delivery/callbacks/receipt-listener.ts'
import type { OddReceipt, OutgoingMessage, Receipt } from '../../src/delivery/connectors/connector.ts'
import { describeHttp } from '../../src/delivery/connectors/http/describe-http.ts'
import { HttpConnector } from '../../src/delivery/connectors/http/http-connector.ts'
import type { HttpSettings } from '../../src/delivery/connectors/http/http-settings.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { eventually } from '../gateway/eventually.ts'
import { withBody } from '../gateway/with-body.ts'

const MESSAGE: OutgoingMessage = {
  smsId: 42,
  ref: '42.1',
  phone: '+989121234567',
  sender: '10008',
  text: 'سلام & خداحافظ',
  encoding: 'ucs2',
  flash: false,
  validUntilMs: null,
  priority: 1,
}

interface Asked {
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A scripted aggregator; its requests are kept. */
async function aggregator(answer: (asked: Asked, response: ServerResponse) => void) {
  const asked: Asked[] = []
  const listener = withBody((request, response, body) => {
    const one = { url: new URL(request.url!, 'http://x'), headers: request.headers, body }
    asked.push(one)
    answer(one, response)
  })
  const server: Server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** A started connector with the receipts that it reported. */
function connector(settings: HttpSettings, secrets: Record<string, string>, responseTimeoutMs = 5_000) {
  const receipts: Receipt[] = []
  const troubles: string[] = []
  const odd: OddReceipt[] = []
  const delivered = { receipt: 0, ignored: 0, unreadable: 0 }
  let isStoring = true
  const http = new HttpConnector(
    {
      operator: 'agg',
      description: describeHttp(settings),
      secrets: new Map(Object.entries(secrets)),
      responseTimeoutMs,
      window: 4,
    },
    {
      receipt: async (receipt) => {
        if (!isStoring) throw new Error('the database is unavailable')
        receipts.push(receipt)
      },
      incoming: async () => {},
      oddReceipt: (each) => odd.push(each),
      readyChanged: () => {},
    },
    {
      troubled: (what) => troubles.push(what),
      notListening: () => {},
      delivered: (kind, count) => {
        delivered[kind] += count
      },
    },
  )
  const store = (on: boolean): void => {
    isStoring = on
  }
  http.start()
  onTestFinished(() => http.stop())
  return { http, receipts, troubles, odd, delivered, store }
}

async function listener(http: HttpConnector): Promise<string> {
  const listening = new ReceiptListener({
    host: '127.0.0.1',
    port: await freePort(),
    doorOf: (operator) => (operator === 'agg' ? http : null),
  })
  await listening.start()
  onTestFinished(() => listening.stop())
  return `http://127.0.0.1:${listening.port}`
}

test('Kavenegar: a form with a localid; receipts by a callback with a token', async () => {
  const { asked, url } = await aggregator((_, response) =>
    json(response, 200, { return: { status: 200 }, entries: [{ messageid: 8792343, status: 1 }] }),
  )
  const request = { url: `${url}/v1/{secret.api_key}/sms/send.json` }
  const { http, receipts, troubles, store } = connector({ use: 'kavenegar', request }, { api_key: 'k/1', token: 't' })
  expect(await http.submit(MESSAGE)).toEqual({ kind: 'sent', operatorMessageId: '8792343' })
  expect(asked[0]!.url.pathname).toBe('/v1/k%2F1/sms/send.json')
  expect(Object.fromEntries(new URLSearchParams(asked[0]!.body))).toEqual({
    receptor: '+989121234567',
    message: MESSAGE.text,
    sender: '10008',
    localid: '42',
  })
  const base = await listener(http)
  expect((await fetch(`${base}/receipts/agg?messageid=8792343&status=10`)).status).toBe(403)
  expect(receipts).toEqual([])
  expect(troubles).toHaveLength(1)
  expect((await fetch(`${base}/receipts/other?token=t`)).status).toBe(404)
  expect((await fetch(`${base}/elsewhere`)).status).toBe(404)
  store(false)
  expect((await fetch(`${base}/receipts/agg?token=t&messageid=8792343&status=10`)).status).toBe(503)
  store(true)
  const body = new URLSearchParams({ messageid: '8792343', status: '10' })
  expect((await fetch(`${base}/receipts/agg?token=t`, { method: 'POST', body })).status).toBe(200)
  expect(receipts).toMatchObject([{ operatorMessageId: '8792343', status: 'delivered' }])
  const tooLong = await fetch(`${base}/receipts/agg?token=t`, { method: 'POST', body: 'x'.repeat(2_000_000) }).catch(
    () => null,
  )
  expect([413, undefined]).toContain(tooLong?.status)
})

test('Magfa: JSON with a login; receipts are asked for until they come', async () => {
  let round = 0
  const { asked, url } = await aggregator(({ url: { pathname } }, response) => {
    if (pathname === '/send') return json(response, 200, { status: 0, messages: [{ status: 0, id: 77 + round }] })
    round++
    if (round === 1) return void response.writeHead(500).end()
    json(response, 200, { status: 0, dlrs: [{ mid: 77, status: round < 3 ? 8 : 1, date: '2026-11-24 10:00:00' }] })
  })
  const basic = { user: '{secret.user}', password: '{secret.password}' }
  const settings: HttpSettings = {
    use: 'magfa',
    request: { url: `${url}/send` },
    receipts: { poll: { every_ms: 100, request: { url: `${url}/statuses/{ids}`, method: 'GET', basic } } },
  }
  const { http, receipts, troubles } = connector(settings, { user: 'u/d', password: 'p' })
  expect(await http.submit(MESSAGE)).toEqual({ kind: 'sent', operatorMessageId: '77' })
  expect(JSON.parse(asked[0]!.body)).toEqual({
    senders: ['10008'],
    recipients: ['989121234567'],
    messages: [MESSAGE.text],
    uids: [42],
  })
  expect(asked[0]!.headers.authorization).toBe(`Basic ${Buffer.from('u/d:p').toString('base64')}`)
  await eventually(
    'a receipt is polled',
    () => receipts.length,
    (count) => count > 0,
  )
  expect(receipts).toMatchObject([{ operatorMessageId: '77', status: 'delivered' }])
  expect(troubles).toEqual(['http-500'])
  expect(asked.at(-1)!.url.pathname).toBe('/statuses/77')
})

test('Infobip: our reference, our callback address, several receipts in one call', async () => {
  const { asked, url } = await aggregator((_, response) =>
    json(response, 200, { messages: [{ messageId: '42.1', status: { groupName: 'PENDING' } }] }),
  )
  const settings: HttpSettings = {
    use: 'infobip',
    request: { url: `${url}/sms/3/messages` },
    receipts: { push: { public_url: 'https://gateway.example/' } },
  }
  const { http, receipts } = connector(settings, { api_key: 'k', token: 't' })
  expect(await http.submit(MESSAGE)).toEqual({ kind: 'sent', operatorMessageId: '42.1' })
  expect(asked[0]!.headers.authorization).toBe('App k')
  expect(JSON.parse(asked[0]!.body).messages[0]).toMatchObject({
    sender: '10008',
    destinations: [{ to: '989121234567', messageId: '42.1' }],
    content: { text: MESSAGE.text },
    options: { flash: false },
    webhooks: { delivery: { url: 'https://gateway.example/receipts/agg?token=t' } },
  })
  const result = (messageId: string, groupName: string) => ({ messageId, status: { groupName }, error: { name: 'E' } })
  const answer = await fetch(`${await listener(http)}/receipts/agg?token=t`, {
    method: 'POST',
    body: JSON.stringify({ results: [result('a', 'DELIVERED'), result('b', 'UNDELIVERABLE'), result('c', 'PENDING')] }),
  })
  expect(answer.status).toBe(200)
  expect(receipts.map(({ operatorMessageId, status }) => [operatorMessageId, status])).toEqual([
    ['a', 'delivered'],
    ['b', 'failed'],
  ])
})

test('what was not written is unsent; what was written and not answered is ambiguous', async () => {
  const settings = (url: string): HttpSettings => ({ request: { url, json: { t: '{text}' } }, answer: { id: '/id' } })
  const anonymous = connector(settings(`http://127.0.0.1:${await freePort()}`), {})
  expect(await anonymous.http.submit(MESSAGE)).toEqual({ kind: 'unsent', code: 'not-connected' })

  const cutting = await aggregator((_, response) => void response.destroy())
  expect(await connector(settings(cutting.url), {}).http.submit(MESSAGE)).toEqual({
    kind: 'ambiguous',
    code: 'connection-lost',
  })
  expect(cutting.asked).toHaveLength(1)

  const silent = await aggregator(() => {})
  expect(await connector(settings(silent.url), {}, 300).http.submit(MESSAGE)).toEqual({
    kind: 'ambiguous',
    code: 'no-answer',
  })

  const stopped = connector(settings(silent.url), {})
  await stopped.http.stop()
  expect(await stopped.http.submit(MESSAGE)).toMatchObject({ kind: 'unsent' })
  const misdescribed = connector({ request: { url: silent.url, json: { t: '{nothing}' } }, answer: { id: '/id' } }, {})
  expect(await misdescribed.http.submit(MESSAGE)).toEqual({ kind: 'temporary', code: 'description' })
  expect(misdescribed.troubles[0]).toContain('nothing')
  await misdescribed.http.submit(MESSAGE)
  expect(misdescribed.troubles).toHaveLength(1)
  const headers = { 'x-text': '{text}' }
  const unwritable = connector({ request: { url: silent.url, headers }, answer: { id: '/id' } }, {})
  expect(await unwritable.http.submit(MESSAGE)).toEqual({ kind: 'temporary', code: 'description' })
})

/** A server that answers each request with these bytes, and may close the connection then. */
async function rawServer(write: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => write(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const OK = 'HTTP/1.1 200 OK\r\n'
const withLength = (body: string | Buffer, length = Buffer.from(body as string, 'latin1').length): string =>
  `${OK}content-length: ${length}\r\n\r\n${body.toString('latin1')}`
const bytes =
  (text: string, isOver = true) =>
  (socket: Socket) => {
    socket.write(text, 'latin1')
    if (isOver) socket.end()
  }
const drip = (socket: Socket): void => {
  socket.write(`${OK}transfer-encoding: chunked\r\n\r\n`)
  const timer = setInterval(() => socket.write('1\r\nx\r\n'), 20)
  socket.on('close', () => clearInterval(timer))
}
const flood = (socket: Socket): void => {
  socket.write(`${OK}transfer-encoding: chunked\r\n\r\n`)
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
  const fill = (): void => {
    while (socket.writable && socket.write(chunk));
  }
  socket.on('drain', fill)
  fill()
}

test.each([
  ['an empty body', bytes(withLength('')), 'unidentified answer-unreadable'],
  ['OK', bytes(withLength('OK')), 'unidentified answer-unreadable'],
  ['half of a JSON', bytes(withLength('{"id":')), 'unidentified answer-unreadable'],
  ['no id', bytes(withLength('{"status":"queued"}')), 'unidentified answer-without-id'],
  ['an id of another type', bytes(withLength('{"id":["a"]}')), 'unidentified answer-without-id'],
  ['an id of a NUL', bytes(withLength('{"id":"\\u0000"}')), 'unidentified answer-without-id'],
  ['204', bytes('HTTP/1.1 204 No Content\r\n\r\n'), 'unidentified answer-unreadable'],
  ['a body that breaks off', bytes(withLength('{"id":1', 100)), 'unidentified answer-incomplete'],
  ['a body that drips for ever', drip, 'unidentified answer-incomplete'],
  ['a body that floods for ever', flood, 'unidentified answer-too-long'],
  ['a body behind gzip', bytes(withLength(gzipSync('{"id":"g"}'))), 'unidentified answer-unreadable'],
  ['arrays in arrays', bytes(withLength('['.repeat(200_000))), 'unidentified answer-unreadable'],
  ['arrays in arrays, closed', bytes(withLength(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)), 'unidentified'],
  ['bytes that are not UTF-8', bytes(withLength('{"id":"a","note":"caf\xe9"}')), 'sent a'],
  ['a byte order mark', bytes(withLength('\xef\xbb\xbf{"id":"b"}')), 'sent b'],
  ['more than its length', bytes(`${withLength('{"id":"c"}')}rubbish`), 'sent c'],
  ['early hints first', bytes(`HTTP/1.1 103 Early Hints\r\n\r\n${withLength('{"id":"d"}')}`), 'sent d'],
  ['a half of a pair', bytes(withLength('{"id":"e\\ud800"}')), 'sent e'],
  ['nineteen digits', bytes(withLength('{"id":7091800003790954036}')), 'sent 7091800003790954036'],
  ['a redirect', bytes('HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n'), 'ambiguous http-302'],
  ['what is not HTTP', bytes('SSH-2.0-OpenSSH_9.9\r\n'), 'ambiguous answer-not-http'],
  ['headers without end', bytes(`${OK}${'x: y\r\n'.repeat(20_000)}`), 'ambiguous answer-not-http'],
  ['nothing', bytes(''), 'ambiguous connection-lost'],
  ['nothing, and stays', () => {}, 'ambiguous no-answer'],
])('an answer of %s means what it means, within the one time-out', async (_what, write, expected) => {
  const url = await rawServer(write)
  const { http } = connector({ request: { url, json: { t: '{text}' } }, answer: { id: '/id' } }, {}, 1_000)
  const result = await http.submit(MESSAGE)
  const shown = `${result.kind} ${result.kind === 'sent' ? result.operatorMessageId : result.code}`
  expect(shown).toContain(expected)
})

test('what no connection could be made for in half the time-out is unsent, however short that is', async () => {
  // It takes connections, and says nothing to TLS.
  const url = (await rawServer(() => {})).replace('http:', 'https:')
  const { http } = connector({ request: { url, json: { t: '{text}' } }, answer: { id: '/id' } }, {}, 400)
  const results = await Promise.all(Array.from({ length: 8 }, () => http.submit(MESSAGE)))
  expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['unsent']))
})

test('a request for receipts that cannot be composed is reported, and ends nothing', async () => {
  const { url } = await aggregator((_, response) => json(response, 200, { id: 1 }))
  const form = { id: '/id', status: '/status', statuses: {} }
  const poll = { ...form, every_ms: 100, request: { url: `${url}/{nothing}` } }
  const { http, troubles } = connector({ request: { url }, answer: { id: '/id' }, receipts: { poll } }, {})
  expect(await http.submit(MESSAGE)).toMatchObject({ kind: 'sent' })
  await eventually(
    'a trouble is reported',
    () => troubles,
    (reported) => reported.length > 0,
  )
  expect(troubles[0]).toContain('nothing')
  expect(await http.submit(MESSAGE)).toMatchObject({ kind: 'sent' })
})

test('stopping ends the polling for receipts', async () => {
  const sent: (() => void)[] = []
  const held: (() => void)[] = []
  const { url } = await aggregator(({ url: { pathname } }, response) => {
    if (pathname !== '/send') return void held.push(() => json(response, 200, []))
    const id = sent.push(() => json(response, 200, { id }))
    if (id === 3) for (const send of sent) send()
  })
  const poll = {
    id: '/id',
    status: '/status',
    statuses: {},
    every_ms: 100,
    ids_max: 1,
    request: { url: `${url}/{ids}` },
  }
  const request = { url: `${url}/send` }
  const { http } = connector({ request, answer: { id: '/id' }, receipts: { poll } }, {})
  await Promise.all([1, 2, 3].map(() => http.submit(MESSAGE)))
  await eventually('a poll is in flight', () => held.length, Boolean)
  const stopping = http.stop()
  held[0]!()
  await stopping
  expect(held).toHaveLength(1)
})
