import { readFileSync } from 'node:fs'
import { afterAll, afterEach, expect, test } from 'vitest'
import { type SubmissionEntry, textHash } from '../../src/simulator/submission-ledger.ts'
import { COMMAND_STATUS } from '../../src/smpp/command-status.ts'
import { createPdu } from '../../src/smpp/pdu.ts'
import { createTlv, readTlv } from '../../src/smpp/tlv.ts'
import { eventually } from '../gateway/eventually.ts'
import { makeCertificate } from '../servers/make-certificate.ts'
import { expectStatus, idOf, receiptsOf, reference, SimulatedSmscs, textOf } from '../servers/simulated-smsc.ts'

const smscs = new SimulatedSmscs()

afterEach(() => smscs.stop())
afterAll(() => smscs.remove())

test('a message is taken, written down, and has a receipt', async () => {
  const peer = await smscs.bind(await smscs.start())
  const id = idOf(await peer.submitAndWait({ tlvs: [reference('77.2.1')] }))
  const [receipt] = await receiptsOf(peer, 1)
  expect(textOf(receipt)).toMatch(
    new RegExp(`^id:${id} sub:001 dlvrd:001 submit date:\\d{10} done date:\\d{10} stat:DELIVRD err:000 text:Hello$`),
  )
  expect(receipt).toMatchObject({ esmClass: 4, sourceAddr: '989121234567', destinationAddr: 'smsgw' })
  expect(readTlv(receipt!.tlvs, 'receipted_message_id')).toBe(id)
  expect(readTlv(receipt!.tlvs, 'message_state')).toBe(2)
  const entries = await eventually(
    'the ledger has 2 entries',
    () => smscs.ledger(),
    (found) => found.length === 2,
  )
  expect(entries).toMatchObject([
    {
      kind: 'submit',
      ref: '77.2',
      part: 1,
      parts: 1,
      concatenation: null,
      to: '+989121234567',
      from: 'smsgw',
      charset: 'gsm7',
      text_sha256: textHash('Hello'),
      system_id: 'gateway',
      result: 'taken',
      status: 'ESME_ROK',
      id,
      delivered: true,
      final: 'DELIVRD:000',
    },
    { kind: 'receipt-acked', id, session: 1, form: 'both' },
  ])
  const { arrived, at } = entries[0] as SubmissionEntry
  expect(Date.parse(arrived)).toBeLessThanOrEqual(Date.parse(at))
})

test('parts of a text say which they are: by header, by SAR; a payload is one', async () => {
  const peer = await smscs.bind(await smscs.start())
  const header = Buffer.of(5, 0, 3, 9, 2, 2)
  const sar = [
    createTlv('sar_msg_ref_num', 700),
    createTlv('sar_total_segments', 3),
    createTlv('sar_segment_seqnum', 1),
  ]
  const persian = Buffer.from('سلام', 'utf16le').swap16()
  await peer.submitAndWait({ esmClass: 0x40, shortMessage: Buffer.concat([header, Buffer.from('tail')]) })
  await peer.submitAndWait({ shortMessage: persian, dataCoding: 8, tlvs: sar })
  await peer.submitAndWait({
    shortMessage: Buffer.alloc(0),
    tlvs: [createTlv('message_payload', Buffer.from('x'.repeat(500)))],
  })
  expectStatus(await peer.submitAndWait({ esmClass: 0x40, shortMessage: Buffer.of(9, 0) }), 'ESME_RINVESMCLASS')
  expect(await smscs.submits()).toMatchObject([
    { ref: null, part: 2, parts: 2, concatenation: 9, text_sha256: textHash('tail') },
    { part: 1, parts: 3, concatenation: 700, charset: 'ucs2', text_sha256: textHash('سلام') },
    { part: 1, parts: 1, concatenation: null, text_sha256: textHash('x'.repeat(500)) },
  ])
})

test('binds: each kind does what it may, and those that may not get the reason', async () => {
  const simulator = await smscs.start({
    SIMULATOR_SYSTEM_ID: 'gateway',
    SIMULATOR_PASSWORD: 'secret',
    SIMULATOR_BINDS_MAX: '2',
  })
  const open = await smscs.connect(simulator)
  expectStatus(await open.submitAndWait(), 'ESME_RINVBNDSTS')
  const [stranger, liar, transmitter, receiver, third] = [
    await smscs.bind(simulator, 'bind_transceiver', 'somebody', 'secret'),
    await smscs.bind(simulator, 'bind_transceiver', 'gateway', 'wrong'),
    await smscs.bind(simulator, 'bind_transmitter', 'gateway', 'secret'),
    await smscs.bind(simulator, 'bind_receiver', 'gateway', 'secret'),
    await smscs.bind(simulator, 'bind_transceiver', 'gateway', 'secret'),
  ]
  expectStatus(stranger.received[0], 'ESME_RINVSYSID')
  expectStatus(liar.received[0], 'ESME_RINVPASWD')
  expectStatus(third.received[0], 'ESME_RALYBND')
  expect(transmitter.received[0]).toMatchObject({ command: 'bind_transmitter_resp', status: 0, systemId: 'smsgw-smsc' })
  expectStatus(await receiver.submitAndWait(), 'ESME_RINVBNDSTS')
  expectStatus(await transmitter.ask(createPdu('bind_transceiver', 99, { systemId: 'gateway' })), 'ESME_RALYBND')
  idOf(await transmitter.submitAndWait())
  await receiptsOf(receiver, 1)
  expect([receiver.receipts.length, transmitter.receipts.length]).toEqual([1, 0])
  expect(simulator.counts).toMatchObject({ submits: 1, binds: 2 })
})

test('a bind is refused, or takes its time', async () => {
  const refusing = await smscs.bind(await smscs.start({ SIMULATOR_BIND_REFUSED_SHARE: '1' }))
  expectStatus(refusing.received[0], 'ESME_RBINDFAIL')
  const slow = await smscs.connect(await smscs.start({ SIMULATOR_BIND_DELAY_MS: '100' }))
  slow.send(createPdu('bind_transceiver', 99, { systemId: 'gateway' }))
  expectStatus(await slow.submitAndWait(), 'ESME_RINVBNDSTS')
  expectStatus(await slow.answerTo(99), 'ESME_ROK')
})

test('messages are asked for and cancelled while they are under way', async () => {
  const peer = await smscs.bind(
    await smscs.start({ SIMULATOR_RECEIPT_DELAY_MS: '2000', SIMULATOR_ID_ANSWER: 'hex-upper' }),
  )
  const id = idOf(await peer.submitAndWait())
  const query = () => peer.ask(createPdu('query_sm', peer.nextSequence(), { messageId: id }))
  expect(await query()).toMatchObject({ messageId: id, messageState: 1, finalDate: '' })
  const cancel = () => peer.ask(createPdu('cancel_sm', peer.nextSequence(), { messageId: id }))
  expectStatus(await cancel(), 'ESME_ROK')
  expect(textOf((await receiptsOf(peer, 1))[0])).toContain('stat:DELETED')
  expect(await eventually('query_sm is answered', query, (answer) => answer.status === 0)).toMatchObject({
    messageState: 4,
  })
  expectStatus(await cancel(), 'ESME_RCANCELFAIL')
  expectStatus(await peer.ask(createPdu('query_sm', peer.nextSequence(), { messageId: 'FFF' })), 'ESME_RQUERYFAIL')
  expectStatus(await peer.ask(createPdu('replace_sm', peer.nextSequence(), { messageId: id })), 'ESME_RREPLACEFAIL')
})

test('the other requests: data_sm, enquire_link, unbind; what it does not know is refused', async () => {
  const peer = await smscs.bind(await smscs.start())
  const payload = [createTlv('message_payload', Buffer.from('data'))]
  const data = createPdu('data_sm', peer.nextSequence(), {
    destinationAddr: '123',
    registeredDelivery: 1,
    tlvs: payload,
  })
  expect(await peer.ask(data)).toMatchObject({ command: 'data_sm_resp', status: 0 })
  await receiptsOf(peer, 1)
  expect(await peer.ask(createPdu('enquire_link', peer.nextSequence()))).toMatchObject({ command: 'enquire_link_resp' })
  const multi = createPdu('submit_multi', peer.nextSequence())
  expect(await peer.ask(multi)).toMatchObject({ command: 'generic_nack', status: COMMAND_STATUS.ESME_RINVCMDID.code })
  expect(await peer.ask(createPdu('unbind', peer.nextSequence()))).toMatchObject({ command: 'unbind_resp' })
  await peer.until(() => peer.isClosed)
})

test('garbage costs its connection, and nothing else', async () => {
  const simulator = await smscs.start()
  const peer = await smscs.bind(simulator)
  for (const garbage of ['GET / HTTP/1.1\r\n\r\n', '\0\0\0\x04', '\xff\xff\xff\xff']) {
    const stranger = await smscs.connect(simulator)
    stranger.write(Buffer.from(garbage, 'latin1'))
    await stranger.until(() => stranger.isClosed)
    expect(stranger.received).toMatchObject([{ command: 'generic_nack' }])
  }
  idOf(await peer.submitAndWait())
})

test('over TLS', async () => {
  const { keyStore, password, caFile } = await makeCertificate(smscs.folder, 'key-store')
  const simulator = await smscs.start({ SIMULATOR_TLS_KEY_STORE: keyStore, SIMULATOR_TLS_PASSWORD: password })
  const peer = await smscs.connect(simulator, readFileSync(caFile))
  expectStatus(await peer.ask(createPdu('bind_transceiver', 99, { systemId: 'gateway' })), 'ESME_ROK')
  idOf(await peer.submitAndWait())
  await receiptsOf(peer, 1)
})

test('links: a silent peer gets an enquire_link and is closed, and its own may stay unanswered', async () => {
  const simulator = await smscs.start({ SIMULATOR_ENQUIRE_LINK_MS: '100', SIMULATOR_ENQUIRE_LINK: 'ignored' })
  const [living, dead] = [await smscs.bind(simulator), await smscs.bind(simulator)]
  dead.acknowledgesReceipts = false
  living.send(createPdu('enquire_link', 77))
  await dead.until(() => dead.isClosed)
  expect(dead.received.some(({ command }) => command === 'enquire_link')).toBe(true)
  await living.submitAndWait()
  expect(living.isClosed).toBe(false)
  expect(living.answerUnder(77)).toBeUndefined()
})

test('stopping sends unbind', async () => {
  const simulator = await smscs.start()
  const peer = await smscs.bind(simulator)
  await simulator.stop()
  await peer.until(() => peer.isClosed)
  expect(peer.received.at(-1)).toMatchObject({ command: 'unbind' })
})
