import { expect, onTestFinished, test } from 'vitest'
import type { SubmitResult } from '../../src/delivery/connectors/connector.ts'
import { COMMAND_STATUS } from '../../src/smpp/command-status.ts'
import { encodePdu } from '../../src/smpp/encode-pdu.ts'
import { createPdu, createResponse } from '../../src/smpp/pdu.ts'
import { createTlv } from '../../src/smpp/tlv.ts'
import { eventually } from '../gateway/eventually.ts'
import { RECEIPT_ESM_CLASS, scripted } from '../gateway/peers/scripted-smsc.ts'
import { openSmpp, ready, smppMessage, submitAll } from '../servers/open-smpp.ts'

test('answers that are lost with the connection are ambiguous; what was not written is unsent', async () => {
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'submit_sm') return false
    if (link.pdus.filter(({ command }) => command === 'submit_sm').length === 3) link.cut()
    return true
  })
  const opened = openSmpp(smsc.address, {}, { window: 3 })
  await ready(opened)
  const results = await submitAll(opened.connector, 5)
  expect(results.slice(0, 3)).toEqual(Array(3).fill({ kind: 'ambiguous', code: 'connection-lost' }))
  expect(results.slice(3)).toEqual(Array(2).fill({ kind: 'unsent', code: 'connection-lost' }))
  expect(smsc.received('submit_sm').length).toBe(3)
  await eventually(
    'the connector has bound again',
    () => opened.observed.get('bound transceiver 1'),
    (times) => times === 2,
  )
})

test('an answer that does not come in time is ambiguous, and counted when it comes', async () => {
  const held: (() => void)[] = []
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'submit_sm') return false
    held.push(() => link.send(createResponse(pdu, { messageId: 'late' })))
    return true
  })
  const opened = openSmpp(smsc.address, {}, { responseTimeoutMs: 300 })
  await ready(opened)
  expect(await opened.connector.submit(smppMessage(), 1)).toEqual({ kind: 'ambiguous', code: 'no-answer' })
  for (const send of held) send()
  await eventually(
    'the late answer is counted',
    () => opened.observed.get('noted late-answer'),
    (times) => times === 1,
  )
  await ready(opened)
  expect(opened.ends).toEqual([])
})

test('no bind is written more than its share of the window', async () => {
  const waiting: (() => void)[] = []
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'submit_sm') return false
    waiting.push(() => link.send(createResponse(pdu, { messageId: `${pdu.sequence}` })))
    return true
  })
  const opened = openSmpp(smsc.address, { binds: 2 }, { window: 5 })
  await eventually(
    'both binds are up',
    () => opened.observed.get('bound'),
    (bound) => bound === 2,
  )
  const all = submitAll(opened.connector, 12)
  await eventually(
    'the window is full',
    () => waiting.length,
    (length) => length === 5,
  )
  const shares = smsc.links.map(({ pdus }) => pdus.filter(({ command }) => command === 'submit_sm').length)
  expect(shares.sort()).toEqual([2, 3])
  const answer = setInterval(() => waiting.shift()?.(), 5)
  onTestFinished(() => clearInterval(answer))
  expect((await all).map(({ kind }) => kind)).toEqual(Array(12).fill('sent'))
})

test('the parts of a message go over one bind, one behind the other', async () => {
  const smsc = await scripted()
  const opened = openSmpp(smsc.address, { binds: 3 }, { window: 30 })
  await eventually(
    'all 3 binds are up',
    () => opened.observed.get('bound'),
    (bound) => bound === 3,
  )
  const long = Array.from({ length: 6 }, () => smppMessage({ text: 'x'.repeat(500) }))
  const results = await Promise.all(
    long.flatMap((each) => {
      const parts = opened.connector.partsOf(each)
      return Array.from({ length: parts }, (_, index) => opened.connector.submit(each, index + 1))
    }),
  )
  expect(results.map(({ kind }) => kind)).toEqual(Array(24).fill('sent'))
  for (const link of smsc.links) {
    const parts = link.pdus.flatMap((pdu) => (pdu.command === 'submit_sm' ? [pdu.shortMessage[5]] : []))
    expect(parts).toEqual([1, 2, 3, 4, 1, 2, 3, 4])
  }
})

test('what is taken without an id that can be read says so, and what the SMSC answered', async () => {
  const [full, tooLong] = ['\u0001\u0007', 'x'.repeat(300)]
  const ids = ['', ' ', full, tooLong]
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'submit_sm') return false
    const messageId = ids.shift()!
    if (messageId !== tooLong) link.send(createResponse(pdu, { messageId }))
    else {
      const header = encodePdu(createResponse(pdu)).subarray(0, 16)
      const frame = Buffer.concat([header, Buffer.from(`${tooLong}\0`)])
      frame.writeUInt32BE(frame.length, 0)
      link.sendBytes(frame)
    }
    return true
  })
  const opened = openSmpp(smsc.address)
  await ready(opened)
  const results = await submitAll(opened.connector, 4)
  expect(results.map((result) => (result.kind === 'unidentified' ? result.code : result.kind))).toEqual([
    ...Array(3).fill('answer-without-id'),
    'answer-unreadable',
  ])
  expect(results[0]).toMatchObject({ sample: 'submit_sm_resp, status 0, message_id ""' })
  expect(results[3]).toMatchObject({ sample: expect.stringContaining('a C string exceeds 256 octets') })
  expect(opened.connector.isReady).toBe(true)
})

test('ids are cleaned as they enter, and one as long as an SMSC may make it is an id', async () => {
  const ids = ['a\u0001b', 'é9', 'x'.repeat(200)]
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'submit_sm') return false
    link.send(createResponse(pdu, { messageId: ids[pdu.sequence - 2]! }))
    return true
  })
  const opened = openSmpp(smsc.address)
  await ready(opened)
  expect(await submitAll(opened.connector, 3)).toEqual(
    ['ab', 'é9', 'x'.repeat(200)].map((operatorMessageId) => ({ kind: 'sent', operatorMessageId })),
  )
})

test('a receipt is acknowledged when it is stored, and sent again when it could not be', async () => {
  const stored: (() => void)[] = []
  let isBroken = true
  const receipt = createPdu('deliver_sm', 700, {
    esmClass: RECEIPT_ESM_CLASS,
    shortMessage: Buffer.from('id:0A stat:DELIVRD err:000'),
  })
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'submit_sm') return false
    // The receipt before the answer, and both at once.
    link.send(receipt, createResponse(pdu, { messageId: '10' }))
    return true
  })
  const settings = { message_id: { answer: 'decimal', receipt: 'hex' } } as const
  const opened = openSmpp(smsc.address, settings, {
    async receipt() {
      if (isBroken) throw new Error('the database is unavailable')
      await new Promise<void>((resolve) => stored.push(resolve))
    },
  })
  await ready(opened)
  expect(await opened.connector.submit(smppMessage(), 1)).toEqual({ kind: 'sent', operatorMessageId: '10' })
  const order = [...opened.observed.keys()].filter((what) => /^(answered|delivered)/.test(what))
  expect(order).toEqual(['answered ESME_ROK', 'delivered receipt'])
  const statuses = (): number[] => smsc.received('deliver_sm_resp').map(({ status }) => status)
  expect(await eventually('the receipt is answered', statuses, ({ length }) => length === 1)).toEqual([
    COMMAND_STATUS.ESME_RX_T_APPN.code,
  ])
  isBroken = false
  smsc.links[0]!.send(receipt)
  await eventually('the receipt is being stored', () => stored.length, Boolean)
  expect(statuses().length).toBe(1)
  stored[0]!()
  expect(await eventually('the receipt is answered again', statuses, ({ length }) => length === 2)).toEqual([
    COMMAND_STATUS.ESME_RX_T_APPN.code,
    0,
  ])
  expect(opened.receipts).toMatchObject([{ operatorMessageId: '10', status: 'delivered' }])
})

test('what else is delivered is acknowledged and counted', async () => {
  const smsc = await scripted()
  const opened = openSmpp(smsc.address)
  await ready(opened)
  const text = (shortMessage: string, esmClass: number) =>
    createPdu('deliver_sm', 1, { esmClass, shortMessage: Buffer.from(shortMessage) })
  smsc.links[0]!.send(text('STOP', 0), text('id:1 stat:ENROUTE', 4), text('id:1', 0x20), text('garbage', 4))
  await eventually(
    'all 4 deliveries are answered',
    () => smsc.received('deliver_sm_resp').length,
    (length) => length === 4,
  )
  expect(smsc.received('deliver_sm_resp').every(({ status }) => status === 0)).toBe(true)
  expect(Object.fromEntries(opened.observed)).toMatchObject({
    'delivered message': 1,
    'delivered intermediate': 2,
    'delivered unreadable': 1,
  })
  expect(opened.receipts).toEqual([])
})

test('refusals mean what the table or the operator says', async () => {
  const { ESME_RTHROTTLED, ESME_RMSGQFUL, ESME_RINVDSTADR, ESME_RSYSERR } = COMMAND_STATUS
  const statuses = [ESME_RTHROTTLED.code, ESME_RMSGQFUL.code, ESME_RINVDSTADR.code, ESME_RSYSERR.code, 0x450, 0x451]
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'submit_sm') return false
    const status = statuses[smsc.received('submit_sm').length - 1]!
    const tlvs = status === 0x450 ? [createTlv('additional_status_info_text', 'No\u0007 credit left')] : []
    link.send(createResponse(pdu, { status, tlvs }))
    return true
  })
  const opened = openSmpp(smsc.address, { errors: { ESME_RMSGQFUL: 'temporary', '0x450': 'rejected' } })
  await ready(opened)
  expect(await submitAll(opened.connector, 6)).toEqual([
    { kind: 'throttled', code: 'ESME_RTHROTTLED' },
    { kind: 'temporary', code: 'ESME_RMSGQFUL' },
    { kind: 'rejected', code: 'ESME_RINVDSTADR' },
    { kind: 'temporary', code: 'ESME_RSYSERR' },
    { kind: 'rejected', code: '0x450', text: 'No  credit left' },
    { kind: 'temporary', code: '0x451' },
  ])
})

test('what an SMSC does not read is taken back in time, and never written after', async () => {
  const smsc = await scripted((pdu, link) => {
    if (pdu.command !== 'submit_sm' || pdu.sourceAddr === 'last') return false
    if (smsc.received('submit_sm').length === 1) link.pause()
    return true
  })
  const opened = openSmpp(smsc.address, { concatenation: 'payload' }, { window: 2_000, responseTimeoutMs: 1_000 })
  await ready(opened)
  const submit = (count: number): Promise<SubmitResult[]> =>
    Promise.all(
      Array.from({ length: count }, () => opened.connector.submit(smppMessage({ text: 'x'.repeat(15_000) }), 1)),
    )
  // It still speaks, and so is not taken for dead.
  const speaking = setInterval(() => smsc.links[0]!.send(createPdu('enquire_link', 1)), 50)
  onTestFinished(() => clearInterval(speaking))
  const first = submit(600)
  await eventually('the SMSC has a submit', () => smsc.received('submit_sm').length, Boolean)
  const second = submit(10)
  expect((await first).every(({ kind }) => kind === 'ambiguous')).toBe(true)
  expect(await second).toEqual(Array(10).fill({ kind: 'unsent', code: 'not-written' }))
  smsc.links[0]!.resume()
  // It has much to read first: on a busy machine its answer may miss the deadline of a try.
  await eventually(
    'a submit is sent again',
    () => opened.connector.submit(smppMessage({ sender: 'last' }), 1),
    ({ kind }) => kind === 'sent',
  )
  expect(smsc.received('submit_sm').filter(({ sourceAddr }) => sourceAddr !== 'last').length).toBe(600)
})

test('a submit that finds no room in the window for too long is unsent', async () => {
  const smsc = await scripted((pdu) => pdu.command === 'submit_sm')
  const opened = openSmpp(smsc.address, {}, { window: 1, responseTimeoutMs: 400 })
  await ready(opened)
  expect(await submitAll(opened.connector, 3)).toEqual([
    { kind: 'ambiguous', code: 'no-answer' },
    { kind: 'unsent', code: 'no-room' },
    { kind: 'unsent', code: 'no-room' },
  ])
  expect(smsc.received('submit_sm').length).toBe(1)
})
