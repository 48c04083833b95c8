import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { withBody } from '../../../test/servers/with-body.ts'
import { cutBatches } from './cut-batches.ts'
import type { CampaignRow } from './read-campaign.ts'
import { CampaignSender, type RowResult } from './send-campaign.ts'

interface Posted {
  readonly to: string
  readonly text: string
  readonly idempotency_key: string
}

type Answer = { status: number; body?: unknown; headers?: Record<string, string> }

/** An API that answers each batch as `answer` says, or accepts each key once. */
async function scriptedApi(answer: (messages: readonly Posted[], bytes: number, call: number) => Answer | null) {
  const accepted = new Map<string, number>()
  let calls = 0
  const listener = withBody((_request, response, posted) => {
    const { messages } = JSON.parse(posted) as { messages: Posted[] }
    const scripted = answer(messages, Buffer.byteLength(posted), ++calls)
    const results = scripted
      ? []
      : messages.map(({ idempotency_key: key }) => {
          const replayed = accepted.has(key) ? { replayed: true } : {}
          if (!accepted.has(key)) accepted.set(key, accepted.size + 1)
          return { sms_id: accepted.get(key), cost: 10, ...replayed }
        })
    const { status, body: said = {}, headers = {} } = scripted ?? { status: 202, body: { results } }
    response.writeHead(status, headers).end(typeof said === 'string' ? said : JSON.stringify(said))
  })
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const sender = new CampaignSender({ api, apiKey: 'k', name: 'test' })
  onTestFinished(async () => {
    await sender.close()
    server.close()
  })
  const send = async (rows: readonly CampaignRow[], signal?: AbortSignal) => {
    const results: RowResult[] = []
    await sender.send(
      rows,
      ({ index }, result) => {
        expect(results[index]).toBeUndefined()
        results[index] = result
      },
      signal,
    )
    return results
  }
  return { send, accepted, calls: () => calls }
}

function rowsOf(texts: readonly string[]): CampaignRow[] {
  return texts.map((text, index) => ({
    index,
    line: index + 2,
    fields: {},
    message: { to: '+989121234567', text },
    fault: null,
  }))
}

test('2,100 rows of 670 Chinese characters are cut by bytes, each body below what the API takes', async () => {
  const sizes: number[] = []
  const api = await scriptedApi((_messages, bytes) => {
    sizes.push(bytes)
    return bytes > 1_048_576 ? { status: 413 } : null
  })
  const results = await api.send(rowsOf(Array.from({ length: 2_100 }, () => '汉'.repeat(670))))
  expect(results.filter(({ kind }) => kind === 'accepted')).toHaveLength(2_100)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000_000)
  expect(sizes.length).toBeLessThan(8)
})

test('batches have all rows in order, and neither more of them nor more bytes than they may', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(200)), fc.integer({ min: 1, max: 9 }), async (lengths, rowsMax) => {
      const rows = lengths.map((length, index) => ({ row: { index } as CampaignRow, json: 'ш'.repeat(length) }))
      const seen: number[] = []
      for await (const batch of cutBatches(rows, { rowsMax, bytesMax: 400 })) {
        const bytes = Buffer.byteLength(`{"messages":[${batch.map(({ json }) => json).join()}]}`)
        expect(batch.length).toBeLessThanOrEqual(rowsMax)
        expect(batch.length === 1 || bytes <= 400).toBe(true)
        seen.push(...batch.map(({ row }) => row.index))
      }
      expect(seen).toEqual(lengths.map((_, index) => index))
    }),
  )
})

test('a proxy that takes less has batches cut further; one row that is too large is refused alone', async () => {
  const api = await scriptedApi((_messages, bytes) => (bytes > 2_000 ? { status: 413, body: '<html>' } : null))
  const texts = Array.from({ length: 40 }, (_, n) => (n === 17 ? 'x'.repeat(3_000) : 'x'.repeat(300)))
  const results = await api.send(rowsOf(texts))
  expect(results[17]).toMatchObject({ kind: 'refused', code: 'payload-too-large' })
  expect(results.filter(({ kind }) => kind === 'accepted')).toHaveLength(39)
})

test('a row that the API takes for malformed is refused alone', async () => {
  const api = await scriptedApi((messages) => {
    const index = messages.findIndex(({ text }) => text.startsWith('bad'))
    if (index < 0) return null
    const errors = [{ pointer: `/messages/${index}/text`, detail: 'is bad' }]
    return { status: 400, body: { code: 'invalid-request', detail: `text ${index} is bad`, errors } }
  })
  const results = await api.send(rowsOf(['a', 'bad 1', 'b', 'c', 'bad 2', 'bad 3']))
  expect(results.map(({ kind }) => kind)).toEqual(['accepted', 'refused', 'accepted', 'accepted', 'refused', 'refused'])
})

test('429, 503, a page of a proxy and a cut connection are waited for; Retry-After is kept', async () => {
  const times: number[] = []
  const api = await scriptedApi((_messages, _bytes, call) => {
    times.push(performance.now())
    if (call === 1) return { status: 429, headers: { 'retry-after': '1' } }
    if (call === 2) return { status: 503, body: '<html>' }
    if (call === 3) return { status: 202, body: 'no json' }
    return null
  })
  const results = await api.send(rowsOf(['a']))
  expect(results).toEqual([{ kind: 'accepted', smsId: 1, cost: 10, wasBefore: false }])
  expect(times[1]! - times[0]!).toBeGreaterThan(990)
})

test('a key that was revoked ends the campaign; what was accepted is known, and sent again it is not sent twice', async () => {
  let revoked = true
  const problem = { status: 401, body: { code: 'unauthorized', detail: 'This API key is not valid.' } }
  const api = await scriptedApi((messages) => (revoked && messages[0]!.text === '2000' ? problem : null))
  const rows = rowsOf(Array.from({ length: 4_000 }, (_, n) => String(n)))
  await expect(api.send(rows)).rejects.toThrow(/401\. This API key is not valid/)
  const before = api.accepted.size
  expect(before).toBeGreaterThan(0)
  revoked = false
  const results = await api.send(rows)
  expect(results.filter((each) => each.kind === 'accepted' && each.wasBefore)).toHaveLength(before)
  expect(api.accepted.size).toBe(4_000)
})

test('an endless file is read no further than it is sent, and ends when it is aborted', async () => {
  const api = await scriptedApi(() => null)
  const stop = new AbortController()
  let read = 0
  async function* endless(): AsyncGenerator<CampaignRow> {
    for (;;) yield { ...rowsOf([String(read)])[0]!, index: read++ }
  }
  const sender = api.send(endless() as unknown as CampaignRow[], stop.signal)
  while (api.calls() < 20) await new Promise((resolve) => setTimeout(resolve, 5))
  stop.abort()
  const results = await sender
  expect(results.length).toBe(api.accepted.size)
  expect(read - results.length).toBeLessThan(4 * 500 + 2)
})
