import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, afterEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { treat } from '../../src/simulator/behaviour.ts'
import { simulatorSettings } from '../../src/simulator/config.ts'
import { Simulator } from '../../src/simulator/simulator.ts'
import { type LedgerEntry, readLedger, textHash } from '../../src/simulator/submission-ledger.ts'
import { COMMAND_STATUS, type StatusName } from '../../src/smpp/command-status.ts'
import { createPdu, type Pdu, type PduOf } from '../../src/smpp/pdu.ts'
import { createTlv, readTlv, type Tlv } from '../../src/smpp/tlv.ts'
import { encodeUserDataHeader } from '../../src/smpp/user-data-header.ts'
import { BareEsme } from '../servers/bare-esme.ts'
import { eventually } from '../servers/eventually.ts'
import { makeCertificate } from '../servers/make-certificate.ts'

const folder = temporaryFolder('smsgw-smsc')
const PROMPT = { SIMULATOR_LATENCY_MS: '0', SIMULATOR_RECEIPT_DELAY_MS: '20' }
type BindArguments = Parameters<typeof BareEsme.bind> extends [number, ...infer How] ? How : never
const running: Simulator[] = []
const peers: BareEsme[] = []
let ledgers = 0
let ledgerPath = ''

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close()
  await Promise.all(running.splice(0).map((simulator) => simulator.stop()))
})

afterAll(() => folder.remove())

/** A simulator of its own, with a ledger of its own unless the environment names one. */
async function start(env: NodeJS.ProcessEnv = {}): Promise<Simulator> {
  ledgerPath = env.SIMULATOR_LEDGER ?? join(folder.path, `ledger-${++ledgers}.ndjson`)
  const settings = readSettings(simulatorSettings, { ...PROMPT, SIMULATOR_LEDGER: ledgerPath, ...env })
  const simulator = new Simulator(settings, pino({ level: 'silent' }))
  await simulator.start()
  running.push(simulator)
  return simulator
}

async function bind(simulator: Simulator, ...how: BindArguments): Promise<BareEsme> {
  return kept(await BareEsme.bind(simulator.port, ...how))
}

function kept(peer: BareEsme): BareEsme {
  peers.push(peer)
  return peer
}

async function ledger(): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = []
  for await (const entry of readLedger(ledgerPath)) entries.push(entry)
  return entries
}

async function submits() {
  return (await ledger()).filter((entry) => entry.kind === 'submit')
}

function reference(text: string): Tlv {
  return { tag: 0x1501, value: Buffer.from(`${text}\0`) }
}

function isStatus(pdu: Pdu | undefined, name: StatusName): void {
  expect(pdu?.status).toBe(COMMAND_STATUS[name].code)
}

function idOf(pdu: Pdu | undefined): string {
  expect(pdu).toMatchObject({ command: 'submit_sm_resp', status: 0 })
  return (pdu as PduOf<'submit_sm_resp'>).messageId
}

function textOf(receipt: PduOf<'deliver_sm'> | undefined): string {
  return receipt!.shortMessage.toString('latin1')
}

async function receiptsOf(peer: BareEsme, count: number): Promise<PduOf<'deliver_sm'>[]> {
  await peer.until(() => peer.receipts.length >= count)
  return peer.receipts
}

test('a message is taken, written down, and told of', async () => {
  const peer = await bind(await start())
  const id = idOf(await peer.submitAndWait({ tlvs: [reference('77.2.1')] }))
  const [receipt] = await receiptsOf(peer, 1)
  expect(textOf(receipt)).toMatch(
    new RegExp(`^id:${id} sub:001 dlvrd:001 submit date:\\d{10} done date:\\d{10} stat:DELIVRD err:000 text:Hello$`),
  )
  expect(receipt).toMatchObject({ esmClass: 4, sourceAddr: '989121234567', destinationAddr: 'smsgw' })
  expect(readTlv(receipt!.tlvs, 'receipted_message_id')).toBe(id)
  expect(readTlv(receipt!.tlvs, 'message_state')).toBe(2)
  const entries = await eventually(ledger, (found) => found.length === 2)
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
    { kind: 'receipt-acked', id },
  ])
})

test('parts of a text say which they are: by header, by SAR; a payload is one', async () => {
  const peer = await bind(await start())
  const header = encodeUserDataHeader([{ kind: 'concatenation', bits: 8, reference: 9, parts: 2, part: 2 }])
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
  isStatus(await peer.submitAndWait({ esmClass: 0x40, shortMessage: Buffer.of(9, 0) }), 'ESME_RINVESMCLASS')
  expect(await submits()).toMatchObject([
    { ref: null, part: 2, parts: 2, concatenation: 9, text_sha256: textHash('tail') },
    { part: 1, parts: 3, concatenation: 700, charset: 'ucs2', text_sha256: textHash('سلام') },
    { part: 1, parts: 1, concatenation: null, text_sha256: textHash('x'.repeat(500)) },
  ])
})

test('binds: each kind does what it may, and those that may not are told why', async () => {
  const simulator = await start({
    SIMULATOR_SYSTEM_ID: 'gateway',
    SIMULATOR_PASSWORD: 'secret',
    SIMULATOR_BINDS_MAX: '2',
  })
  const open = kept(await BareEsme.open(simulator.port))
  isStatus(await open.submitAndWait(), 'ESME_RINVBNDSTS')
  const [stranger, liar, transmitter, receiver, third] = [
    await bind(simulator, 'bind_transceiver', 'somebody', 'secret'),
    await bind(simulator, 'bind_transceiver', 'gateway', 'wrong'),
    await bind(simulator, 'bind_transmitter', 'gateway', 'secret'),
    await bind(simulator, 'bind_receiver', 'gateway', 'secret'),
    await bind(simulator, 'bind_transceiver', 'gateway', 'secret'),
  ]
  isStatus(stranger.received[0], 'ESME_RINVSYSID')
  isStatus(liar.received[0], 'ESME_RINVPASWD')
  isStatus(third.received[0], 'ESME_RALYBND')
  expect(transmitter.received[0]).toMatchObject({ command: 'bind_transmitter_resp', status: 0, systemId: 'smsgw-smsc' })
  isStatus(await receiver.submitAndWait(), 'ESME_RINVBNDSTS')
  isStatus(await transmitter.ask(createPdu('bind_transceiver', 99, { systemId: 'gateway' })), 'ESME_RALYBND')
  idOf(await transmitter.submitAndWait())
  await receiptsOf(receiver, 1)
  expect([receiver.receipts.length, transmitter.receipts.length]).toEqual([1, 0])
  expect(simulator.counts).toMatchObject({ submits: 1, binds: 2 })
})

test('a bind is refused, or takes its time', async () => {
  const refusing = await bind(await start({ SIMULATOR_BIND_REFUSED_SHARE: '1' }))
  isStatus(refusing.received[0], 'ESME_RBINDFAIL')
  const slow = kept(await BareEsme.open((await start({ SIMULATOR_BIND_DELAY_MS: '100' })).port))
  slow.send(createPdu('bind_transceiver', 99, { systemId: 'gateway' }))
  isStatus(await slow.submitAndWait(), 'ESME_RINVBNDSTS')
  isStatus(await slow.answerTo(99), 'ESME_ROK')
})

test('messages are asked for and cancelled while they are under way', async () => {
  const peer = await bind(await start({ SIMULATOR_RECEIPT_DELAY_MS: '2000', SIMULATOR_ID_ANSWER: 'hex-upper' }))
  const id = idOf(await peer.submitAndWait())
  const query = () => peer.ask(createPdu('query_sm', peer.nextSequence(), { messageId: id }))
  expect(await query()).toMatchObject({ messageId: id, messageState: 1, finalDate: '' })
  const cancel = () => peer.ask(createPdu('cancel_sm', peer.nextSequence(), { messageId: id }))
  isStatus(await cancel(), 'ESME_ROK')
  expect(textOf((await receiptsOf(peer, 1))[0])).toContain('stat:DELETED')
  expect(await eventually(query, (answer) => answer.status === 0)).toMatchObject({ messageState: 4 })
  isStatus(await cancel(), 'ESME_RCANCELFAIL')
  isStatus(await peer.ask(createPdu('query_sm', peer.nextSequence(), { messageId: 'FFF' })), 'ESME_RQUERYFAIL')
  isStatus(await peer.ask(createPdu('replace_sm', peer.nextSequence(), { messageId: id })), 'ESME_RREPLACEFAIL')
})

test('the other requests: data_sm, enquire_link, unbind; what it does not know is refused', async () => {
  const peer = await bind(await start())
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
  const simulator = await start()
  const peer = await bind(simulator)
  for (const garbage of ['GET / HTTP/1.1\r\n\r\n', '\0\0\0\x04', '\xff\xff\xff\xff']) {
    const stranger = kept(await BareEsme.open(simulator.port))
    stranger.write(Buffer.from(garbage, 'latin1'))
    await stranger.until(() => stranger.isClosed)
    expect(stranger.received).toMatchObject([{ command: 'generic_nack' }])
  }
  idOf(await peer.submitAndWait())
})

test.each([
  ['SIMULATOR_TEMPORARY_SHARE', { SIMULATOR_TEMPORARY_STATUS: '0x0403' }, 0x403, 'temporary'],
  ['SIMULATOR_TEMPORARY_SHARE', {}, COMMAND_STATUS.ESME_RSYSERR.code, 'temporary'],
  ['SIMULATOR_REJECTED_SHARE', { SIMULATOR_REJECTED_STATUS: 'ESME_RSUBMITFAIL' }, 0x45, 'rejected'],
  ['SIMULATOR_THROTTLED_SHARE', {}, COMMAND_STATUS.ESME_RTHROTTLED.code, 'throttled'],
  ['SIMULATOR_QUEUE_FULL_SHARE', {}, COMMAND_STATUS.ESME_RMSGQFUL.code, 'queue-full'],
])('%s %o: refused, not taken, not told of', async (share, env, status, result) => {
  const peer = await bind(await start({ [share]: '1', ...env }))
  expect((await peer.submitAndWait()).status).toBe(status)
  expect(await ledger()).toMatchObject([{ kind: 'submit', result, id: null, receipt_due_ms: null }])
})

test('what goes beyond rate or window is throttled', async () => {
  const rated = await bind(await start({ SIMULATOR_RATE_PER_SECOND: '5' }))
  const sequences = Array.from({ length: 40 }, () => rated.submit())
  const answers = await Promise.all(sequences.map((sequence) => rated.answerTo(sequence)))
  // Two seconds of the clock at most saw them.
  const taken = answers.filter((answer) => answer!.status === 0).length
  expect(taken).toBeGreaterThanOrEqual(5)
  expect(taken).toBeLessThanOrEqual(10)
  isStatus(
    answers.find((answer) => answer!.status !== 0),
    'ESME_RTHROTTLED',
  )
  const windowed = await bind(await start({ SIMULATOR_WINDOW: '2', SIMULATOR_LATENCY_MS: '50' }))
  const three = [windowed.submit(), windowed.submit(), windowed.submit()]
  const [first, second, third] = await Promise.all(three.map((sequence) => windowed.answerTo(sequence)))
  isStatus(first, 'ESME_ROK')
  isStatus(second, 'ESME_ROK')
  isStatus(third, 'ESME_RTHROTTLED')
})

test('an answer is lost: taken and told of, and the link lives on', async () => {
  const peer = await bind(await start({ SIMULATOR_LOST_ANSWER_SHARE: '1' }))
  const sequence = peer.submit()
  await receiptsOf(peer, 1)
  await peer.ask(createPdu('enquire_link', peer.nextSequence()))
  expect(peer.answerUnder(sequence)).toBeUndefined()
  expect(await submits()).toMatchObject([{ result: 'taken-unanswered', delivered: true }])
})

test.each([
  ['SIMULATOR_CUT_SHARE', 'taken-cut', 1],
  ['SIMULATOR_CUT_UNTAKEN_SHARE', 'cut', 0],
])('%s: the connection ends in the place of the answer', async (share, result, receipts) => {
  const simulator = await start({ [share]: '1' })
  const peer = await bind(simulator)
  const sequence = peer.submit()
  await peer.until(() => peer.isClosed)
  expect(peer.answerUnder(sequence)).toBeUndefined()
  expect(await submits()).toMatchObject([{ result }])
  expect(simulator.counts.receiptsOutstanding).toBe(receipts)
  const next = await bind(simulator)
  expect(await receiptsOf(next, receipts)).toHaveLength(receipts)
})

test('garbled answers: taken, unreadable in every way, and never mistaken for an answer', async () => {
  const simulator = await start({ SIMULATOR_GARBLED_SHARE: '1', SIMULATOR_RECEIPT_NEVER_SHARE: '1' })
  const ways = new Set<string>()
  for (let message = 1; message <= 40; message++) {
    const peer = await bind(simulator)
    const sequence = peer.submit({ tlvs: [reference(`${message}.1.1`)] })
    await peer.until(() => peer.isClosed || peer.faults.length > 0)
    expect(peer.answerUnder(sequence)).toBeUndefined()
    ways.add(peer.faults[0]?.reason ?? 'cut')
    peer.close()
  }
  expect([...ways].sort()).toEqual(['body', 'command-length', 'cut', 'unknown-command'])
  expect(new Set((await submits()).map(({ result }) => result))).toEqual(new Set(['taken-garbled']))
})

test('what was in hand when the connection was cut is taken and has no answer', async () => {
  const simulator = await start({ SIMULATOR_CUT_SHARE: '0.2', SIMULATOR_LATENCY_MS: '100' })
  const peer = await bind(simulator)
  for (let message = 1; message <= 50; message++) peer.submit({ tlvs: [reference(`${message}.1.1`)] })
  const entries = await eventually(submits, (found) => found.length === 50)
  const answered = peer.received.filter(({ command }) => command === 'submit_sm_resp').length
  expect(entries.filter(({ result }) => result === 'taken')).toHaveLength(answered)
  expect(entries.some(({ result }) => result === 'taken-unanswered')).toBe(true)
  expect(entries.every(({ id }) => id !== null)).toBe(true)
})

test('slow answers come late, in no order', async () => {
  const peer = await bind(await start({ SIMULATOR_SLOW_SHARE: '0.5', SIMULATOR_SLOW_MS: '300' }))
  const sequences = Array.from({ length: 20 }, (_, n) => peer.submit({ tlvs: [reference(`${n}.1.1`)] }))
  await Promise.all(sequences.map((sequence) => peer.answerTo(sequence)))
  const order = peer.received.filter(({ command }) => command === 'submit_sm_resp').map(({ sequence }) => sequence)
  expect(order).not.toEqual(sequences)
  expect([...order].sort((a, b) => a - b)).toEqual(sequences)
})

test('an early receipt comes before its answer, a twofold one twice, and one that never comes does not', async () => {
  const early = await bind(await start({ SIMULATOR_RECEIPT_EARLY_SHARE: '1' }))
  const id = idOf(await early.submitAndWait())
  const kinds = early.received.map(({ command }) => command)
  expect(kinds.indexOf('deliver_sm')).toBeLessThan(kinds.indexOf('submit_sm_resp'))
  expect(textOf(early.receipts[0])).toContain(`id:${id} `)

  const twofold = await bind(await start({ SIMULATOR_RECEIPT_TWICE_SHARE: '1' }))
  await twofold.submitAndWait()
  const [first, second] = await receiptsOf(twofold, 2)
  expect(textOf(first)).toBe(textOf(second))

  const simulator = await start({ SIMULATOR_RECEIPT_NEVER_SHARE: '1' })
  const never = await bind(simulator)
  await never.submitAndWait()
  expect(simulator.counts.receiptsOutstanding).toBe(0)
  expect(await submits()).toMatchObject([{ receipt: 'never', delivered: true }])
})

test('no receipt where none is wanted', async () => {
  const simulator = await start({ SIMULATOR_UNDELIVERED_SHARE: '0.5' })
  const peer = await bind(simulator)
  await peer.submitAndWait({ registeredDelivery: 0 })
  for (let message = 1; message <= 20; message++) {
    await peer.submitAndWait({ registeredDelivery: 2, tlvs: [reference(`${message}.1.1`)] })
  }
  const failed = (await submits()).filter(({ delivered, ref }) => !delivered && ref !== null).length
  expect(failed).toBeGreaterThan(0)
  await eventually(
    () => simulator.counts.receiptsOutstanding,
    (outstanding) => outstanding === 0,
  )
  expect(peer.receipts).toHaveLength(failed)
})

test('a receipt comes on the bind of its submit, or on another', async () => {
  for (const [wanted, expected] of [
    ['same', [4, 0]],
    ['other', [0, 4]],
    ['any', [2, 2]],
  ] as const) {
    const simulator = await start({ SIMULATOR_RECEIPT_BIND: wanted })
    const [one, other] = [await bind(simulator), await bind(simulator)]
    const stranger = await bind(simulator, 'bind_transceiver', 'somebody')
    for (let n = 0; n < 4; n++) await one.submitAndWait()
    await eventually(
      () => one.receipts.length + other.receipts.length,
      (count) => count === 4,
    )
    expect([one.receipts.length, other.receipts.length]).toEqual(expected)
    expect(stranger.receipts).toHaveLength(0)
  }
})

test.each([
  ['decimal', 'hex', (id: string) => BigInt(id).toString(16)],
  ['hex', 'decimal-padded', (id: string) => BigInt(`0x${id}`).toString().padStart(20, '0')],
  ['hex-upper', 'hex', (id: string) => id.toLowerCase()],
  ['decimal-padded', 'hex-padded', (id: string) => BigInt(id).toString(16).padStart(20, '0')],
] as const)('ids: %s in the answer, %s in the receipt', async (answer, receipt, spelt) => {
  const env = { SIMULATOR_ID_ANSWER: answer, SIMULATOR_ID_RECEIPT: receipt, SIMULATOR_ID_RECEIPT_TLV: answer }
  const peer = await bind(await start(env))
  const id = idOf(await peer.submitAndWait())
  const [told] = await receiptsOf(peer, 1)
  expect(textOf(told)).toContain(`id:${spelt(id)} `)
  expect(readTlv(told!.tlvs, 'receipted_message_id')).toBe(id)
})

test('receipts as text or as TLVs alone, with states and error codes', async () => {
  const undelivered = { SIMULATOR_UNDELIVERED_SHARE: '1', SIMULATOR_UNDELIVERED_AS: 'EXPIRED:01B' }
  const text = await bind(await start({ ...undelivered, SIMULATOR_RECEIPT_FORM: 'text' }))
  await text.submitAndWait()
  const [plain] = await receiptsOf(text, 1)
  expect(textOf(plain)).toContain('dlvrd:000')
  expect(textOf(plain)).toContain('stat:EXPIRED err:01B')
  expect(plain!.tlvs).toEqual([])
  const tlv = await bind(await start({ ...undelivered, SIMULATOR_RECEIPT_FORM: 'tlv' }))
  await tlv.submitAndWait()
  const [bare] = await receiptsOf(tlv, 1)
  expect(bare!.shortMessage).toHaveLength(0)
  expect(readTlv(bare!.tlvs, 'message_state')).toBe(3)
  expect(readTlv(bare!.tlvs, 'network_error_code')).toEqual(Buffer.of(3, 0, 0x1b))
})

test('receipts are told until they are acknowledged, never more at once than the window, also after a restart', async () => {
  const env = { SIMULATOR_RECEIPT_RETRY_MS: '300', SIMULATOR_RECEIPT_WINDOW: '3' }
  const before = await start(env)
  const deaf = await bind(before)
  deaf.acknowledgesReceipts = false
  for (let n = 0; n < 8; n++) await deaf.submitAndWait()
  await receiptsOf(deaf, 7)
  expect(new Set(deaf.receipts.slice(0, 3).map(textOf)).size).toBe(3)
  expect(before.counts.receiptsOutstanding).toBe(8)
  deaf.close()
  await before.stop()
  const after = await start({ ...env, SIMULATOR_LEDGER: ledgerPath })
  expect(after.counts.receiptsOutstanding).toBe(8)
  const listening = await bind(after, 'bind_receiver')
  await eventually(
    () => after.counts.receiptsOutstanding,
    (outstanding) => outstanding === 0,
  )
  const told = new Set(listening.receipts.map((receipt) => readTlv(receipt.tlvs, 'receipted_message_id')))
  expect(told).toEqual(new Set((await submits()).map(({ id }) => id)))
})

test('over TLS', async () => {
  const { keyStore, password, caFile } = await makeCertificate(folder.path, 'key-store')
  const simulator = await start({ SIMULATOR_TLS_KEY_STORE: keyStore, SIMULATOR_TLS_PASSWORD: password })
  const peer = kept(await BareEsme.open(simulator.port, readFileSync(caFile)))
  isStatus(await peer.ask(createPdu('bind_transceiver', 99, { systemId: 'gateway' })), 'ESME_ROK')
  idOf(await peer.submitAndWait())
  await receiptsOf(peer, 1)
})

test('receipts of parts come in the order of chance', async () => {
  const peer = await bind(await start({ SIMULATOR_RECEIPT_DELAY_MS: '100', SIMULATOR_SEED: '3' }))
  const ids: string[] = []
  for (let part = 1; part <= 6; part++) {
    const sar = [
      createTlv('sar_msg_ref_num', 1),
      createTlv('sar_total_segments', 6),
      createTlv('sar_segment_seqnum', part),
    ]
    ids.push(idOf(await peer.submitAndWait({ tlvs: [...sar, reference(`5.1.${part}`)] })))
  }
  const told = (await receiptsOf(peer, 6)).map((receipt) => readTlv(receipt.tlvs, 'receipted_message_id'))
  expect(told).not.toEqual(ids)
  expect(told.toSorted()).toEqual(ids.toSorted())
})

test('links: a silent peer is asked and let go, and its own questions may stay unanswered', async () => {
  const simulator = await start({ SIMULATOR_ENQUIRE_LINK_MS: '100', SIMULATOR_ENQUIRE_LINK: 'ignored' })
  const [living, dead] = [await bind(simulator), await bind(simulator)]
  dead.acknowledgesReceipts = false
  living.send(createPdu('enquire_link', 77))
  await dead.until(() => dead.isClosed)
  expect(dead.received.some(({ command }) => command === 'enquire_link')).toBe(true)
  await living.submitAndWait()
  expect(living.isClosed).toBe(false)
  expect(living.answerUnder(77)).toBeUndefined()
})

test('who stops says good-bye', async () => {
  const simulator = await start()
  const peer = await bind(simulator)
  await simulator.stop()
  await peer.until(() => peer.isClosed)
  expect(peer.received.at(-1)).toMatchObject({ command: 'unbind' })
})

test('what chance does to each submit can be computed beforehand', async () => {
  const shares = {
    SIMULATOR_SEED: '7',
    SIMULATOR_TEMPORARY_SHARE: '0.2',
    SIMULATOR_REJECTED_SHARE: '0.1',
    SIMULATOR_LOST_ANSWER_SHARE: '0.1',
    SIMULATOR_THROTTLED_SHARE: '0.1',
    SIMULATOR_UNDELIVERED_SHARE: '0.3',
    SIMULATOR_UNDELIVERED_AS: 'UNDELIV:011,REJECTD:022',
    SIMULATOR_RECEIPT_TWICE_SHARE: '0.2',
  }
  const peer = await bind(await start(shares))
  for (let message = 1; message <= 200; message++) peer.submit({ tlvs: [reference(`${message}.1.1`)] })
  const entries = await eventually(submits, (found) => found.length === 200)
  const settings = readSettings(simulatorSettings, shares)
  for (const { ref, result, final, receipt } of entries) {
    const message = ref!.split('.')[0]!
    const expected = treat(settings, { message, submit: `${ref}.1`, part: 1, parts: 1 })
    expect(result).toBe(expected.fate)
    if (final !== null) expect({ final, receipt }).toEqual({ final: expected.final, receipt: expected.receipt })
  }
})
