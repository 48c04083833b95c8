import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../gateway/eventually.ts'
import { CALLS, listenFor } from '../servers/callback-operator.ts'
import { startReceiptWorker } from '../servers/receipt-worker.ts'

const FIRST = '+989000000001'
const SECOND = '+989000000002'
const ID = '7091800003790954036'

async function calling() {
  const worker = await startReceiptWorker()
  const listening = await listenFor(worker, { a: CALLS, b: CALLS })
  const call = async (query: string, init: RequestInit = {}, operator = 'a'): Promise<number> =>
    (await fetch(`${listening.base}/${operator}?token=t&${query}`, init)).status
  return { ...worker, ...listening, call }
}

test('C4: an id of nineteen digits is the same in a query, a form and JSON', async () => {
  const { take, reported, call } = await calling()
  const json = { 'content-type': 'application/json' }
  const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
  for (const [query, init] of [
    [`id=${ID}&state=DELIVERED`, {}],
    ['', { method: 'POST', headers: form, body: `id=${ID}&state=DELIVERED` }],
    ['', { method: 'POST', headers: json, body: `{"id":${ID},"state":"DELIVERED"}` }],
    ['', { method: 'POST', headers: json, body: `\ufeff[{"id":${ID},"state":"delivered "}]` }],
  ] as const) {
    const smsId = await take({ operator: 'a', phone: FIRST, ids: [ID] })
    expect(await call(query, init)).toBe(200)
    expect(reported(smsId)).toEqual(['delivered'])
  }
})

test('C5: words that are not UTF-8 cost no receipt, in a body, a form and a query', async () => {
  const { take, reported, call } = await calling()
  const json = Buffer.from('{"id":"7","state":"DELIVERED","text":"caf\xe9"}', 'latin1')
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  for (const [query, init] of [
    ['', { method: 'POST', body: json }],
    ['', { method: 'POST', headers: form, body: 'id=7&state=DELIVERED&text=caf%E9' }],
    ['id=7&state=DELIVERED&text=caf%E9%', {}],
  ] as const) {
    const smsId = await take({ operator: 'a', phone: FIRST, ids: ['7'] })
    expect(await call(query, init)).toBe(200)
    expect(reported(smsId)).toEqual(['delivered'])
  }
})

test('C17: a NUL in an id is removed, and other callbacks are answered meanwhile', async () => {
  const { take, reported, call, outcomes, pool } = await calling()
  const first = await take({ operator: 'a', phone: FIRST, ids: ['ab'] })
  const second = await take({ operator: 'b', phone: SECOND, ids: ['cd'], isElsewhere: true })
  const [one, unknown, other] = await Promise.all([
    call('id=a%00b&state=DELIVERED'),
    call('id=x%00%F0y&state=DELIVERED&to=z%00z'),
    call('id=cd&state=FAILED&to=989000000002', {}, 'b'),
  ])
  expect([one, unknown, other]).toEqual([200, 200, 200])
  expect([reported(first), reported(second)]).toEqual([['delivered'], ['failed']])
  expect(Object.fromEntries(outcomes)).toEqual({ 'a matched': 1, 'a early': 1, 'b matched': 1 })
  const { rows } = await pool.query('SELECT operator_message_id FROM early_receipts')
  expect(rows).toEqual([{ operator_message_id: 'xðy' }])
})

test('C3 over HTTP: where a callback names the recipient, it decides', async () => {
  const { take, reported, call } = await calling()
  const first = await take({ operator: 'a', phone: FIRST, ids: ['1001'] })
  const second = await take({ operator: 'a', phone: SECOND, ids: ['1001'] })
  const body = JSON.stringify([
    { id: 1001, state: 'FAILED', to: '09000000001' },
    { id: 1001, state: 'DELIVERED', to: 989000000002 },
  ])
  expect(await call('', { method: 'POST', body })).toBe(200)
  expect([reported(first), reported(second)]).toEqual([['failed'], ['delivered']])
})

test('what a callback says that is not understood is kept for review, without its token', async () => {
  const { call, pool, delivered, base } = await calling()
  expect(await call('id=7&state=SOMEHOW')).toBe(200)
  expect(await call('', { method: 'POST', body: '<xml/>' })).toBe(200)
  expect(await call('id=7&state=QUEUED')).toBe(200)
  expect((await fetch(`${base}/a?token=t`, { method: 'PUT' })).headers.get('allow')).toBe('GET, POST')
  const { rows } = await eventually(
    '2 callbacks are kept for review',
    () => pool.query('SELECT cause, operator_message_id AS id, words FROM receipt_reviews ORDER BY review_id'),
    (found) => found.rows.length === 2,
  )
  expect(rows).toEqual([
    { cause: 'unreadable', id: '7', words: '{"id":"7","state":"SOMEHOW"}' },
    { cause: 'unreadable', id: null, words: '{}' },
  ])
  expect(Object.fromEntries(delivered)).toMatchObject({ 'a unreadable': 2, 'a ignored': 1, 'a receipt': 0 })
})

/** Connections that are made again whenever they are closed, until the test ends. */
function persist(base: string, count: number, begin: (socket: Socket) => (() => void) | undefined): Set<Socket> {
  const open = new Set<Socket>()
  let isOver = false
  const { port } = new URL(base)
  const one = (): void => {
    const socket = connect({ host: '127.0.0.1', port: Number(port) })
    open.add(socket)
    let stop: (() => void) | undefined
    socket.once('connect', () => {
      stop = begin(socket)
    })
    socket.on('error', () => {})
    socket.resume()
    socket.once('close', () => {
      stop?.()
      open.delete(socket)
      if (!isOver) setTimeout(one, 20)
    })
  }
  for (let n = 0; n < count; n++) one()
  onTestFinished(() => {
    isOver = true
    for (const socket of open) socket.destroy()
  })
  return open
}

/** Writes a text slowly, a character each time. */
function drip(socket: Socket, text: string): () => void {
  let at = 0
  const timer = setInterval(() => {
    if (at < text.length && socket.writable) socket.write(text[at++]!)
  }, 100)
  return () => clearInterval(timer)
}

test('600 connections of strangers that idle, drip and have wrong tokens keep no valid callback out', async () => {
  const { take, reported, call, base, answers } = await calling()
  const body = 'x'.repeat(1_000)
  const post = (token: string): string =>
    `POST /receipts/a?token=${token} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`
  const idle = persist(base, 200, () => undefined)
  const dripping = persist(base, 200, (socket) => drip(socket, post('t') + body))
  const wrong = persist(base, 200, (socket) => {
    socket.write(post('wrong'))
    return drip(socket, body)
  })
  await eventually(
    '400 connections of strangers are open',
    () => idle.size + dripping.size + wrong.size,
    (open) => open >= 400,
  )
  for (let n = 0; n < 40; n++) {
    const smsId = await take({ operator: 'a', phone: FIRST, ids: [`n${n}`] })
    expect(await call(`id=n${n}&state=DELIVERED`)).toBe(200)
    expect(reported(smsId)).toEqual(['delivered'])
  }
  expect(answers.get('a 403')).toBeGreaterThan(200)
  expect(answers.get('a 200')).toBe(40)
  expect(answers.get('a 503')).toBeUndefined()
})

test('a connection that stays open takes its next callback, and one too many is closed by its answer', async () => {
  const { base, call, answers } = await calling()
  const port = Number(new URL(base).port)
  const sockets = await Promise.all(Array.from({ length: 150 }, () => opened(port)))
  const heads = await Promise.all(sockets.map((socket) => callOn(socket)))
  expect(heads.every((head) => head.startsWith('HTTP/1.1 200 '))).toBe(true)
  const kept = sockets.filter((_, index) => /\r\nconnection: keep-alive\r\n/i.test(heads[index]!))
  expect(kept).toHaveLength(100)
  await eventually(
    'the others are closed',
    () => sockets.filter((socket) => !kept.includes(socket) && !socket.destroyed).length,
    (open) => open === 0,
  )
  // Strangers of the same address are closed meanwhile: the oldest of more than a hundred.
  const strangers = await Promise.all(Array.from({ length: 150 }, () => opened(port)))
  await once(strangers[0]!, 'close')
  const again = await Promise.all(kept.map((socket) => callOn(socket)))
  expect(again.every((head) => head.startsWith('HTTP/1.1 200 '))).toBe(true)
  expect(await call('id=1&state=QUEUED')).toBe(200)
  expect(answers.get('a 200')).toBe(251)
})

test('an operator whose own bodies never end fills its own places, and no other operator waits for it', async () => {
  const { take, reported, call, base } = await calling()
  const open = persist(base, 260, (socket) => {
    socket.write('POST /receipts/a?token=t HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{')
    return undefined
  })
  await eventually(
    'the listener refuses further callbacks',
    () => call('id=1&state=QUEUED'),
    (status) => status === 503,
  )
  const full = await fetch(`${base}/a?token=t&id=1&state=QUEUED`)
  expect([full.status, full.headers.get('retry-after')]).toEqual([503, '5'])
  for (let n = 0; n < 20; n++) {
    const smsId = await take({ operator: 'b', phone: SECOND, ids: [`n${n}`] })
    expect(await call(`id=n${n}&state=DELIVERED`, {}, 'b')).toBe(200)
    expect(reported(smsId)).toEqual(['delivered'])
  }
  expect(open.size).toBeGreaterThan(0)
})

test('a body that does not end in time is refused, and its place is free again', async () => {
  const worker = await startReceiptWorker()
  const { base, answers } = await listenFor(worker, { a: CALLS }, 500)
  persist(base, 1, (socket) => {
    socket.write('POST /receipts/a?token=t HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{')
    return undefined
  })
  await eventually(
    'two slow bodies are given up',
    () => answers.get('a 408'),
    (times = 0) => times >= 2,
  )
  expect((await fetch(`${base}/a?token=t&id=1&state=QUEUED`)).status).toBe(200)
})

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  // A connection that is closed ends here too, whether or not anything is read from it.
  socket.resume()
  return socket
}

/** Resolves to the head of the answer to a callback on this connection; empty when it was closed instead. */
async function callOn(socket: Socket): Promise<string> {
  if (socket.destroyed) return ''
  const answered = new Promise<string>((resolve) => {
    socket.once('data', (bytes) => resolve(bytes.toString('latin1')))
    socket.once('close', () => resolve(''))
    socket.once('error', () => resolve(''))
  })
  socket.write('GET /receipts/a?token=t&id=1&state=QUEUED HTTP/1.1\r\nhost: x\r\n\r\n')
  return answered
}
