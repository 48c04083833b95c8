import { afterAll, afterEach, expect, test } from 'vitest'
import { COMMAND_STATUS } from '../../src/smpp/command-status.ts'
import { createResponse } from '../../src/smpp/pdu.ts'
import { createTlv, readTlv } from '../../src/smpp/tlv.ts'
import { eventually } from '../gateway/eventually.ts'
import { idOf, receiptsOf, reference, SimulatedSmscs, textOf } from '../servers/simulated-smsc.ts'

const smscs = new SimulatedSmscs()

afterEach(() => smscs.stop())
afterAll(() => smscs.remove())

test('an early receipt comes before its answer, a twofold one twice, and one that never comes does not', async () => {
  const early = await smscs.bind(await smscs.start({ SIMULATOR_RECEIPT_EARLY_SHARE: '1' }))
  const id = idOf(await early.submitAndWait())
  const kinds = early.received.map(({ command }) => command)
  expect(kinds.indexOf('deliver_sm')).toBeLessThan(kinds.indexOf('submit_sm_resp'))
  expect(textOf(early.receipts[0])).toContain(`id:${id} `)

  const env = { SIMULATOR_RECEIPT_EARLY_SHARE: '1', SIMULATOR_RECEIPT_EARLY_MS: '600000' }
  const held = await smscs.bind(await smscs.start(env))
  held.submit()
  await receiptsOf(held, 1)
  expect(held.received.map(({ command }) => command)).not.toContain('submit_sm_resp')

  const twofold = await smscs.bind(await smscs.start({ SIMULATOR_RECEIPT_TWICE_SHARE: '1' }))
  await twofold.submitAndWait()
  const [first, second] = await receiptsOf(twofold, 2)
  expect(textOf(first)).toBe(textOf(second))

  const simulator = await smscs.start({ SIMULATOR_RECEIPT_NEVER_SHARE: '1' })
  const never = await smscs.bind(simulator)
  await never.submitAndWait()
  expect(simulator.counts.receiptsOutstanding).toBe(0)
  expect(await smscs.submits()).toMatchObject([{ receipt: 'never', delivered: true }])
})

test('no receipt where none is wanted', async () => {
  const simulator = await smscs.start({ SIMULATOR_UNDELIVERED_SHARE: '0.5' })
  const peer = await smscs.bind(simulator)
  await peer.submitAndWait({ registeredDelivery: 0 })
  for (let message = 1; message <= 20; message++) {
    await peer.submitAndWait({ registeredDelivery: 2, tlvs: [reference(`${message}.1.1`)] })
  }
  const failed = (await smscs.submits()).filter(({ delivered, ref }) => !delivered && ref !== null).length
  expect(failed).toBeGreaterThan(0)
  await eventually(
    'no receipt is outstanding',
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
    const simulator = await smscs.start({ SIMULATOR_RECEIPT_BIND: wanted })
    const [one, other] = [await smscs.bind(simulator), await smscs.bind(simulator)]
    const stranger = await smscs.bind(simulator, 'bind_transceiver', 'somebody')
    for (let n = 0; n < 4; n++) await one.submitAndWait()
    await eventually(
      'the two binds have 4 receipts',
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
  const peer = await smscs.bind(await smscs.start(env))
  const id = idOf(await peer.submitAndWait())
  const [reported] = await receiptsOf(peer, 1)
  expect(textOf(reported)).toContain(`id:${spelt(id)} `)
  expect(readTlv(reported!.tlvs, 'receipted_message_id')).toBe(id)
})

test('receipts as text or as TLVs alone, with states and error codes', async () => {
  const undelivered = { SIMULATOR_UNDELIVERED_SHARE: '1', SIMULATOR_UNDELIVERED_AS: 'EXPIRED:01B' }
  const text = await smscs.bind(await smscs.start({ ...undelivered, SIMULATOR_RECEIPT_FORM: 'text' }))
  await text.submitAndWait()
  const [plain] = await receiptsOf(text, 1)
  expect(textOf(plain)).toContain('dlvrd:000')
  expect(textOf(plain)).toContain('stat:EXPIRED err:01B')
  expect(plain!.tlvs).toEqual([])
  const tlv = await smscs.bind(await smscs.start({ ...undelivered, SIMULATOR_RECEIPT_FORM: 'tlv' }))
  await tlv.submitAndWait()
  const [bare] = await receiptsOf(tlv, 1)
  expect(bare!.shortMessage).toHaveLength(0)
  expect(readTlv(bare!.tlvs, 'message_state')).toBe(3)
  expect(readTlv(bare!.tlvs, 'network_error_code')).toEqual(Buffer.of(3, 0, 0x1b))
})

test('receipts in each of these ways in turn, as the ledger says', async () => {
  const peer = await smscs.bind(await smscs.start({ SIMULATOR_RECEIPT_FORM: 'any' }))
  const ids: string[] = []
  for (let n = 0; n < 6; n++) ids.push(idOf(await peer.submitAndWait()))
  await receiptsOf(peer, 6)
  const acked = await eventually(
    '6 receipts are acknowledged',
    async () => (await smscs.ledger()).filter((entry) => entry.kind === 'receipt-acked'),
    (entries) => entries.length === 6,
  )
  expect(new Set(acked.map(({ id }) => id))).toEqual(new Set(ids))
  const byForm = (form: string): number => acked.filter((entry) => entry.form === form).length
  expect(['text', 'tlv', 'both'].map(byForm)).toEqual([2, 2, 2])
  expect(peer.receipts.filter(({ shortMessage }) => shortMessage.length === 0)).toHaveLength(2)
  expect(peer.receipts.filter(({ tlvs }) => tlvs.length === 0)).toHaveLength(2)
})

test('no more receipts await acknowledgement than the window', async () => {
  const env = { SIMULATOR_RECEIPT_WINDOW: '3', SIMULATOR_RECEIPT_EARLY_SHARE: '1', SIMULATOR_RECEIPT_RETRY_MS: '60000' }
  const peer = await smscs.bind(await smscs.start(env))
  peer.acknowledgesReceipts = false
  // Early receipts come before the answer: with the last one all have come that may.
  for (let n = 0; n < 8; n++) await peer.submitAndWait()
  expect(peer.receipts).toHaveLength(3)
  peer.send(createResponse(peer.receipts[0]!))
  await receiptsOf(peer, 4)
  await peer.submitAndWait()
  expect(peer.receipts).toHaveLength(4)
})

test('receipts that a closed connection leaves unacknowledged are sent on another', async () => {
  const simulator = await smscs.start({ SIMULATOR_RECEIPT_RETRY_MS: '60000' })
  const dying = await smscs.bind(simulator)
  dying.acknowledgesReceipts = false
  const id = idOf(await dying.submitAndWait())
  await receiptsOf(dying, 1)
  dying.close()
  const [reported] = await receiptsOf(await smscs.bind(simulator), 1)
  expect(readTlv(reported!.tlvs, 'receipted_message_id')).toBe(id)
})

test('a receipt that is refused is sent again', async () => {
  const simulator = await smscs.start({ SIMULATOR_RECEIPT_RETRY_MS: '100' })
  const peer = await smscs.bind(simulator)
  peer.acknowledgesReceipts = false
  await peer.submitAndWait()
  const [refused] = await receiptsOf(peer, 1)
  peer.send(createResponse(refused!, { status: COMMAND_STATUS.ESME_RX_T_APPN.code }))
  const [, again] = await receiptsOf(peer, 2)
  expect(textOf(again)).toBe(textOf(refused))
  expect(simulator.counts.receiptsOutstanding).toBe(1)
})

test('an acknowledgement counts also when its receipt was sent again meanwhile', async () => {
  const simulator = await smscs.start({ SIMULATOR_RECEIPT_RETRY_MS: '100' })
  const peer = await smscs.bind(simulator)
  peer.acknowledgesReceipts = false
  await peer.submitAndWait()
  const [first] = await receiptsOf(peer, 2)
  peer.send(createResponse(first!))
  await eventually(
    'no receipt is outstanding',
    () => simulator.counts.receiptsOutstanding,
    (outstanding) => outstanding === 0,
  )
})

test('receipts are sent until they are acknowledged, also after a restart', async () => {
  const env = { SIMULATOR_RECEIPT_RETRY_MS: '300', SIMULATOR_RECEIPT_WINDOW: '3' }
  const before = await smscs.start(env)
  const deaf = await smscs.bind(before)
  deaf.acknowledgesReceipts = false
  for (let n = 0; n < 8; n++) await deaf.submitAndWait()
  await receiptsOf(deaf, 7)
  expect(before.counts.receiptsOutstanding).toBe(8)
  deaf.close()
  await before.stop()
  const after = await smscs.start({ ...env, SIMULATOR_LEDGER: smscs.ledgerPath })
  expect(after.counts.receiptsOutstanding).toBe(8)
  const listening = await smscs.bind(after, 'bind_receiver')
  await eventually(
    'no receipt is outstanding',
    () => after.counts.receiptsOutstanding,
    (outstanding) => outstanding === 0,
  )
  const reported = new Set(listening.receipts.map((receipt) => readTlv(receipt.tlvs, 'receipted_message_id')))
  expect(reported).toEqual(new Set((await smscs.submits()).map(({ id }) => id)))
})

test('receipts of parts come in the order of chance', async () => {
  const peer = await smscs.bind(await smscs.start({ SIMULATOR_RECEIPT_DELAY_MS: '100', SIMULATOR_SEED: '3' }))
  const ids: string[] = []
  for (let part = 1; part <= 6; part++) {
    const sar = [
      createTlv('sar_msg_ref_num', 1),
      createTlv('sar_total_segments', 6),
      createTlv('sar_segment_seqnum', part),
    ]
    ids.push(idOf(await peer.submitAndWait({ tlvs: [...sar, reference(`5.1.${part}`)] })))
  }
  const reported = (await receiptsOf(peer, 6)).map((receipt) => readTlv(receipt.tlvs, 'receipted_message_id'))
  expect(reported).not.toEqual(ids)
  expect(reported.toSorted()).toEqual(ids.toSorted())
})
