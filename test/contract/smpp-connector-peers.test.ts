import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { OutgoingMessage } from '../../src/delivery/connectors/connector.ts'
import type { SmppSettings } from '../../src/delivery/connectors/smpp/smpp-settings.ts'
import { splitUserData } from '../../src/smpp/user-data-header.ts'
import { eventually } from '../gateway/eventually.ts'
import { JsmppServer } from '../servers/jsmpp-server.ts'
import { makeCertificate } from '../servers/make-certificate.ts'
import { NodeSmppServer } from '../servers/node-smpp-server.ts'
import { type OpenedSmpp, openSmpp, ready, smppMessage } from '../servers/open-smpp.ts'

const ENV = { NODE_PASSWORD: NodeSmppServer.credentials.password, JAVA_PASSWORD: JsmppServer.credentials.password }

async function nodeSmpp(): Promise<NodeSmppServer> {
  const server = await NodeSmppServer.start()
  onTestFinished(() => server.stop())
  return server
}

function openNode(server: NodeSmppServer, settings: Partial<SmppSettings> = {}): OpenedSmpp {
  const account = { system_id: NodeSmppServer.credentials.systemId, password_env: 'NODE_PASSWORD' }
  return openSmpp(`127.0.0.1:${server.port}`, { ...account, ...settings }, { window: 20, env: ENV })
}

/** Submits all parts; resolves to the ids that the operator gave them. */
async function send({ connector }: OpenedSmpp, message: OutgoingMessage): Promise<string[]> {
  const parts = Array.from({ length: connector.partsOf(message) }, (_, index) => index + 1)
  const results = await Promise.all(parts.map((part) => connector.submit(message, part)))
  return results.map((result) => (result.kind === 'sent' ? result.operatorMessageId : `${result.kind} ${result.code}`))
}

test.each([
  { bind: 'transceiver', binds: 1 },
  { bind: 'transceiver', binds: 4 },
  { bind: 'pair', binds: 2 },
] as const)('node-smpp: $binds binds as $bind, and a receipt for each submit', async ({ bind, binds }) => {
  const server = await nodeSmpp()
  const opened = openNode(server, { bind, binds })
  await eventually(
    'all binds are bound',
    () => opened.observed.get('bound'),
    (bound) => bound === (bind === 'pair' ? 2 * binds : binds),
  )
  const ids = (await Promise.all(Array.from({ length: 12 }, () => send(opened, smppMessage())))).flat()
  expect(new Set(ids).size).toBe(12)
  expect(ids.every((id) => /^n[0-9]+$/.test(id))).toBe(true)
  await eventually(
    '12 receipts have arrived',
    () => opened.receipts.length,
    (length) => length === 12,
  )
  expect(new Set(opened.receipts.map(({ operatorMessageId }) => operatorMessageId))).toEqual(new Set(ids))
  expect(opened.receipts.every(({ status }) => status === 'delivered')).toBe(true)
  await eventually(
    '12 receipts are acknowledged',
    () => server.acknowledged.length,
    (length) => length === 12,
  )
  await opened.connector.stop()
  await eventually(
    'no session is left',
    () => server.sessions,
    (sessions) => sessions === 0,
  )
})

test('node-smpp over TLS', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'smsgw-smpp-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { keyStore, password, caFile } = await makeCertificate(folder, 'only-for-this-test')
  const server = await NodeSmppServer.start({ tls: { pfx: await readFile(keyStore), passphrase: password } })
  onTestFinished(() => server.stop())
  const opened = openNode(server, { tls: { ca_file: caFile } })
  await ready(opened)
  const [id] = await send(opened, smppMessage())
  await eventually(
    'a receipt has arrived',
    () => opened.receipts.length,
    (length) => length === 1,
  )
  expect(opened.receipts).toMatchObject([{ operatorMessageId: id, status: 'delivered' }])
})

test('node-smpp reads every encoding as it was meant', async () => {
  const server = await nodeSmpp()
  const opened = openNode(server, { data_coding: { gsm7: 1 } })
  await ready(opened)
  const texts = [
    ['Price: 5€ [net]', 'gsm7'],
    ['Grüße, ça va?', 'latin1'],
    ['سلام، کد شما ۱۲۳۴ است 👋', 'ucs2'],
  ] as const
  for (const [text, encoding] of texts) await send(opened, smppMessage({ text, encoding }))
  const read = server.submitted.map((pdu) => (pdu.short_message as { message: string }).message)
  expect(read).toEqual(texts.map(([text]) => text))
  expect(server.submitted.map((pdu) => pdu.data_coding)).toEqual([1, 3, 8])
  expect(server.submitted[0]).toMatchObject({
    source_addr: 'smsgw',
    source_addr_ton: 5,
    destination_addr: '989121234567',
    dest_addr_ton: 1,
    registered_delivery: 1,
  })
})

test('node-smpp is handed long messages in each of four ways', async () => {
  const server = await nodeSmpp()
  const text = 'a long message, again and again. '.repeat(12)
  for (const concatenation of ['udh8', 'udh16', 'sar', 'payload'] as const) {
    const opened = openNode(server, { concatenation, data_coding: { gsm7: 3 } })
    await ready(opened)
    const message = smppMessage({ text })
    const from = server.submitted.length
    const ids = await send(opened, message)
    const pdus = server.submitted.slice(from)
    expect(ids.length).toBe(concatenation === 'payload' ? 1 : 3)
    const field = concatenation === 'payload' ? 'message_payload' : 'short_message'
    expect(pdus.map((pdu) => (pdu[field] as { message: string }).message).join('')).toBe(text)
    if (concatenation === 'sar') {
      expect(pdus.map((pdu) => [pdu.sar_total_segments, pdu.sar_segment_seqnum])).toEqual([
        [3, 1],
        [3, 2],
        [3, 3],
      ])
    }
    await opened.connector.stop()
  }
})

test('node-smpp refuses a wrong password, and a connection that it drops is made again', async () => {
  const server = await nodeSmpp()
  const refused = openNode(server, { system_id: 'stranger' })
  await eventually('the bind is refused', () => refused.ends.length, Boolean)
  expect(refused.ends[0]).toMatchObject({ cause: 'refused', status: 0x0e })
  const opened = openNode(server, { enquire_link_ms: 50 })
  await ready(opened)
  server.dropSessions()
  await eventually('the connection is lost', () => opened.observed.get('ended connection-lost'), Boolean)
  await ready(opened)
  expect(await send(opened, smppMessage())).toEqual(['n1'])
  expect(opened.observed.get('bound transceiver 1')).toBe(2)
})

test('jSMPP: ids in hexadecimal, receipts in decimal, by either bind', async () => {
  const server = await JsmppServer.start()
  onTestFinished(() => server.stop())
  const opened = openSmpp(
    `127.0.0.1:${server.port}`,
    {
      system_id: JsmppServer.credentials.systemId,
      password_env: 'JAVA_PASSWORD',
      binds: 2,
      enquire_link_ms: 200,
      message_id: { answer: 'hex', receipt: 'decimal' },
    },
    { window: 20, env: ENV },
  )
  await eventually(
    '2 binds are bound',
    () => opened.observed.get('bound'),
    (bound) => bound === 2,
  )
  const short = smppMessage()
  const long = smppMessage({ text: 'x'.repeat(400) })
  const ids = [...(await send(opened, short)), ...(await send(opened, long))]
  // Its threads take the parts of a connection in any order.
  const submitted = new Map(server.submitted().map((each) => [BigInt(`0x${each.messageId}`).toString(), each]))
  expect(new Set(submitted.keys())).toEqual(new Set(ids))
  const headers = ids
    .slice(1)
    .map((id) => splitUserData(Buffer.from(submitted.get(id)!.shortMessage, 'latin1'))!.header)
  expect(headers.map(([element]) => element)).toMatchObject([1, 2, 3].map((part) => ({ parts: 3, part })))
  await eventually(
    '4 receipts have arrived',
    () => opened.receipts.length,
    (length) => length === 4,
  )
  expect(new Set(opened.receipts.map(({ operatorMessageId }) => operatorMessageId))).toEqual(new Set(ids))
  expect(opened.receipts.every(({ status }) => status === 'delivered')).toBe(true)
  // It greets each bind with a message.
  await eventually(
    'both binds are greeted',
    () => opened.observed.get('delivered message'),
    (greetings) => greetings === 2,
  )
  expect(opened.ends).toEqual([])
  await opened.connector.stop()
})
