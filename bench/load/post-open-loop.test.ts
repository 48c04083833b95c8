import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { postOpenLoop } from './post-open-loop.ts'

const ANSWER_MS = 20

async function serve(answer: (path: string, body: string) => { status: number; body: object }): Promise<string> {
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () =>
      setTimeout(() => {
        const { status, body } = answer(request.url!, text)
        const json = JSON.stringify(body)
        response.writeHead(status, { 'content-length': Buffer.byteLength(json) }).end(json)
      }, ANSWER_MS),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const load = { apiKeys: ['key'], ratePerSecond: 1_000, seconds: 0.01, connections: 1, idempotency: null, phones: 10 }

test('the time that a post is queued counts', async () => {
  let smsId = 0
  const api = await serve(() => ({ status: 202, body: { sms_id: ++smsId } }))
  const { latencyMs, accepted, acceptedCount, offered } = await postOpenLoop({ ...load, api })
  expect([offered, acceptedCount, accepted.length]).toEqual([10, 10, 10])
  // Ten posts that were due within ten milliseconds, one after the other over one connection.
  expect(latencyMs.max).toBeGreaterThan(9 * ANSWER_MS)
  expect(latencyMs.p50).toBeGreaterThan(3 * ANSWER_MS)
})

test('batches count their messages, and refusals are counted by status', async () => {
  let posts = 0
  const api = await serve((path, body) => {
    const { messages } = JSON.parse(body) as { messages: object[] }
    expect(path).toBe('/v1/messages/batch')
    return ++posts === 1
      ? { status: 503, body: {} }
      : { status: 202, body: { accepted: messages.length - 1, rejected: 1, results: [] } }
  })
  const result = await postOpenLoop({ ...load, api, messagesPerPost: 5 })
  expect(result).toMatchObject({ offered: 10, acceptedCount: 4, accepted: [], refused: { 503: 1 } })
})

test('a load that is stopped returns what it had', async () => {
  const api = await serve(() => ({ status: 202, body: { sms_id: 1 } }))
  const stop = AbortSignal.timeout(50)
  const { offered, acceptedCount } = await postOpenLoop({ ...load, api, seconds: 3_600, connections: 100 }, stop)
  expect(offered).toBeLessThan(3_600_000)
  expect(acceptedCount).toBe(offered)
})
