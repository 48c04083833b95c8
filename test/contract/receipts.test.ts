import { expect, onTestFinished, test } from 'vitest'
import type { SmppSettings } from '../../src/delivery/connectors/smpp/smpp-settings.ts'
import { findSubmits } from '../../src/delivery/receipts/receipt-statements.ts'
import { encodePdu } from '../../src/smpp/encode-pdu.ts'
import { createPdu, type PduOf } from '../../src/smpp/pdu.ts'
import { createTlv } from '../../src/smpp/tlv.ts'
import { eventually } from '../gateway/eventually.ts'
import { ScriptedSmsc } from '../gateway/peers/scripted-smsc.ts'
import { openSmpp, ready } from '../servers/open-smpp.ts'
import { type ReceiptWorker, startReceiptWorker } from '../servers/receipt-worker.ts'

const RECEIPT = 0x04
const UDHI = 0x40
const FIRST = '+989000000001'
const SECOND = '+989000000002'

/** A worker bound to an SMSC that delivers what a test says. */
async function bound(settings: Partial<SmppSettings> = {}) {
  const worker = await startReceiptWorker()
  const smsc = await ScriptedSmsc.start()
  onTestFinished(() => smsc.stop())
  const opened = openSmpp(smsc.address, settings, worker.eventsOf('a'))
  await ready(opened)
  let sequence = 100
  const answers = (): number[] => smsc.received('deliver_sm_resp').map(({ status }) => status)
  /** Sends bytes, and returns the status that they are answered by. */
  const sendBytes = async (bytes: Buffer): Promise<number> => {
    const before = answers().length
    smsc.links.at(-1)!.sendBytes(bytes)
    await eventually(
      'the receipt is answered',
      () => answers().length,
      (length) => length > before,
    )
    return answers()[before]!
  }
  const deliver = (fields: Partial<PduOf<'deliver_sm'>>, number = ++sequence): Promise<number> =>
    sendBytes(encodePdu(createPdu('deliver_sm', number, { esmClass: RECEIPT, ...fields })))
  const receipt = (text: string, sourceAddr: string, number = ++sequence): Promise<number> =>
    deliver({ shortMessage: Buffer.from(text, 'latin1'), sourceAddr }, number)
  return { ...worker, smsc, opened, deliver, receipt, sendBytes }
}

async function outcome(worker: Pick<ReceiptWorker, 'outcomes'>, name: string): Promise<number> {
  return (await eventually(`a receipt is ${name}`, () => worker.outcomes.get(`a ${name}`), Boolean)) ?? 0
}

async function reviews({ pool }: Pick<ReceiptWorker, 'pool'>, rowsMin: number) {
  const read = async () =>
    (
      await pool.query<{ cause: string; id: string | null; words: string }>(
        'SELECT cause, operator_message_id AS id, words FROM receipt_reviews ORDER BY review_id',
      )
    ).rows
  return eventually(`${rowsMin} receipts are kept for review`, read, (rows) => rows.length >= rowsMin)
}

test.for([false, true])(
  'C3: receipts with one id go to the phones that they name (submits of another worker: %s)',
  async (isElsewhere) => {
    const worker = await bound()
    const first = await worker.take({ operator: 'a', phone: FIRST, ids: ['1001'], isElsewhere })
    const second = await worker.take({ operator: 'a', phone: SECOND, ids: ['1001'], isElsewhere })
    expect(await worker.receipt('id:1001 stat:UNDELIV err:011', '989000000001')).toBe(0)
    expect(await worker.receipt('id:1001 stat:DELIVRD', '989000000002')).toBe(0)
    expect(worker.reported(first)).toEqual(['failed'])
    expect(worker.reported(second)).toEqual(['delivered'])
    // The same again, and another, change nothing.
    expect(await worker.receipt('id:1001 stat:DELIVRD', '+98 900 000 0002')).toBe(0)
    expect(await worker.receipt('id:1001 stat:UNDELIV', '9000000002')).toBe(0)
    expect(Object.fromEntries(worker.outcomes)).toEqual({ 'a matched': 2, 'a repeated': 1, 'a contradicting': 1 })
    expect(new Set(worker.reported(second))).toEqual(new Set(['delivered']))
  },
)

test('of more submits with one id than a lookup reads the newest are found, and reading them takes no sort', async () => {
  const worker = await bound()
  await worker.take({ operator: 'a', phone: FIRST, ids: ['0'], isElsewhere: true })
  await repeatSubmit(worker, 2_000)
  const newest = await worker.take({ operator: 'a', phone: SECOND, ids: ['0'], isElsewhere: true })
  expect(await worker.receipt('id:0 stat:DELIVRD', '989000000002')).toBe(0)
  expect(worker.reported(newest)).toEqual(['delivered'])
  expect(Object.fromEntries(worker.outcomes)).toEqual({ 'a matched': 1 })

  const { name: _, ...lookup } = findSubmits([{ operator: 'a', id: '0' }], Date.now() - 86_400_000, Date.now() + 60_000)
  const plan = await worker.pool.query<{ 'QUERY PLAN': string }>({ ...lookup, text: `EXPLAIN ${lookup.text}` })
  const steps = plan.rows.map((row) => row['QUERY PLAN']).join('\n')
  expect(steps).toMatch(/Index Scan Backward using attempts_\w*hashtextextended_sms_id/)
  expect(steps).not.toMatch(/->\s+(Incremental )?Sort\b|Seq Scan on attempt/)
})

/** So many further messages to that phone which the operator answered alike. */
async function repeatSubmit({ pool }: Pick<ReceiptWorker, 'pool'>, times: number): Promise<void> {
  for (const [table, columns] of [
    ['messages', 'customer_id, phone, text, encoding, segments, operator, cost, priority, max_retries, accepted_at'],
    [
      'attempts',
      'attempt, operator, worker, possible_duplicate, started_at, lease_until, outcome, operator_message_id, ended_at',
    ],
  ]) {
    await pool.query(
      `INSERT INTO ${table} (sms_id, ${columns}) SELECT sms_id + n, ${columns} FROM ${table}, generate_series(1, $1) AS n`,
      [times],
    )
  }
}

test('a receipt without a recipient is matched by its id where that is unambiguous, else kept for review', async () => {
  const worker = await bound()
  const alone = await worker.take({ operator: 'a', phone: FIRST, ids: ['7'] })
  for (const phone of [FIRST, SECOND]) await worker.take({ operator: 'a', phone, ids: ['8'] })
  expect(await worker.receipt('id:7 stat:DELIVRD', '')).toBe(0)
  expect(worker.reported(alone)).toEqual(['delivered'])
  expect(await worker.receipt('id:8 stat:DELIVRD', 'Acme')).toBe(0)
  expect(await outcome(worker, 'ambiguous')).toBe(1)
  expect(await reviews(worker, 1)).toMatchObject([{ cause: 'ambiguous', id: '8' }])
})

test('an SMSC that names another number than the recipient is matched by the id alone, if its settings say so', async () => {
  const worker = await bound({ receipts_by_id_alone: true })
  const smsId = await worker.take({ operator: 'a', phone: FIRST, ids: ['7'] })
  expect(await worker.receipt('id:7 stat:DELIVRD', '989000009999')).toBe(0)
  expect(worker.reported(smsId)).toEqual(['delivered'])
})

test.for([false, true])(
  'C12: a message whose parts share an id is delivered with the last receipt (submits of another worker: %s)',
  async (isElsewhere) => {
    const worker = await bound()
    const smsId = await worker.take({ operator: 'a', phone: FIRST, ids: ['1001', '1001', '1001'], isElsewhere })
    const text = 'id:1001 sub:001 dlvrd:001 submit date:2611241155 done date:2611241157 stat:DELIVRD err:000 text:'
    expect(await worker.receipt(text, '989000000001', 11)).toBe(0)
    // The SMSC sends it again under the same number on the same connection.
    expect(await worker.receipt(text, '989000000001', 11)).toBe(0)
    expect(await worker.receipt(text, '989000000001', 12)).toBe(0)
    expect(worker.reported(smsId)).toEqual([])
    expect(await worker.receipt(text, '989000000001', 13)).toBe(0)
    expect(worker.reported(smsId)).toEqual(['delivered'])
    expect(Object.fromEntries(worker.outcomes)).toEqual({ 'a matched': 3, 'a repeated': 1 })
    const { rows } = await worker.pool.query('SELECT part FROM attempt_parts WHERE receipt_status IS NOT NULL')
    expect(rows).toHaveLength(3)
  },
)

test('one of three receipts with a shared id that fails makes the message fail', async () => {
  const worker = await bound()
  const smsId = await worker.take({ operator: 'a', phone: FIRST, ids: ['1001', '1001'] })
  await worker.receipt('id:1001 stat:DELIVRD', '989000000001')
  await worker.receipt('id:1001 stat:UNDELIV err:011', '989000000001')
  expect(worker.reported(smsId)).toEqual(['failed'])
})

test('C10: what can be read of a receipt counts, however its end is broken', async () => {
  const worker = await bound()
  const whole = (id: string, to: string): Buffer =>
    encodePdu(
      createPdu('deliver_sm', 77, {
        esmClass: RECEIPT,
        sourceAddr: to,
        shortMessage: Buffer.from(`id:${id} stat:DELIVRD err:000`),
      }),
    )
  const withLength = (bytes: Buffer): Buffer => {
    bytes.writeUInt32BE(bytes.length, 0)
    return bytes
  }
  const cutShort = (frame: Buffer): Buffer => {
    // sm_length says 200 octets more than there are.
    const at = frame.length - Buffer.byteLength('id:5 stat:DELIVRD err:000') - 1
    frame[at] = 225
    return frame
  }
  const damage: Record<string, (frame: Buffer) => Buffer> = {
    1: (frame) => Buffer.concat([frame, Buffer.from('14010014616263', 'hex')]),
    2: (frame) => Buffer.concat([frame, Buffer.from('ffff', 'hex')]),
    3: (frame) => Buffer.concat([frame, Buffer.from('0427000102001e', 'hex')]),
    4: (frame) => Buffer.concat([frame, Buffer.from('1401ffff', 'hex'), Buffer.alloc(70_000, 1)]),
    5: cutShort,
  }
  for (const [id, broken] of Object.entries(damage)) {
    const smsId = await worker.take({ operator: 'a', phone: FIRST, ids: [id] })
    expect(await worker.sendBytes(withLength(broken(whole(id, '989000000001')))), id).toBe(0)
    expect(worker.reported(smsId), id).toEqual(['delivered'])
  }
  // An address longer than its field, and a connection that is still the first.
  const smsId = await worker.take({ operator: 'a', phone: FIRST, ids: ['6'] })
  const long = whole('6', '989000000001')
  const at = long.indexOf('989000000001')
  expect(
    await worker.sendBytes(
      withLength(Buffer.concat([long.subarray(0, at), Buffer.from('00000000000000'), long.subarray(at)])),
    ),
  ).toBe(0)
  expect(worker.reported(smsId)).toEqual(['delivered'])
  expect(worker.smsc.links).toHaveLength(1)
})

test('C11: what is acknowledged and not understood is kept with its words and its id', async () => {
  const worker = await bound({ states: { '12': 'failed' } })
  const smsId = await worker.take({ operator: 'a', phone: FIRST, ids: ['78'] })
  expect(
    await worker.receipt('id:78 submit date:2609031207 done date:2609031208 stat:11 err:011', '989000000001'),
  ).toBe(0)
  expect(await worker.deliver({ shortMessage: Buffer.from('nothing\0of\x1buse') })).toBe(0)
  expect(await reviews(worker, 2)).toEqual([
    { cause: 'unreadable', id: '78', words: expect.stringContaining('stat:11 err:011') },
    { cause: 'unreadable', id: null, words: 'source_addr= nothing of use' },
  ])
  expect(worker.reported(smsId)).toEqual([])
  expect(await worker.receipt('id:78 stat:12 err:011', '989000000001')).toBe(0)
  expect(worker.reported(smsId)).toEqual(['failed'])
})

test('of two ids of a receipt the one that a submit has is its', async () => {
  const worker = await bound()
  const smsId = await worker.take({ operator: 'a', phone: FIRST, ids: ['ab'] })
  const shortMessage = Buffer.from('id:00AB stat:DELIVRD')
  const tlvs = [createTlv('receipted_message_id', '171')]
  expect(await worker.deliver({ shortMessage, tlvs, sourceAddr: '989000000001' })).toBe(0)
  expect(worker.reported(smsId)).toEqual(['delivered'])
})

test('messages from subscribers are stored before they are acknowledged, with the part of a long one that they are', async () => {
  const worker = await bound()
  const from = { esmClass: 0, sourceAddr: '989121234567', destinationAddr: '10008' }
  expect(await worker.deliver({ ...from, shortMessage: Buffer.from('STOP') }, 5)).toBe(0)
  const header = Buffer.from('050003070302', 'hex')
  const text = Buffer.from('سلام', 'utf16le').swap16()
  expect(
    await worker.deliver({ ...from, esmClass: UDHI, dataCoding: 8, shortMessage: Buffer.concat([header, text]) }),
  ).toBe(0)
  expect(await worker.deliver({ ...from, dataCoding: 4, shortMessage: Buffer.from([0, 1, 255]) })).toBe(0)
  expect(await worker.deliver({ ...from, shortMessage: Buffer.from([0x1b]), sourceAddr: 'a\x07b' })).toBe(0)
  const { rows } = await worker.pool.query('SELECT * FROM incoming_messages ORDER BY incoming_id')
  expect(rows).toMatchObject([
    {
      operator: 'a',
      kind: 'message',
      from_address: '989121234567',
      to_address: '10008',
      text: 'STOP',
      concat_part: null,
    },
    { text: 'سلام', concat_reference: 7, concat_total: 3, concat_part: 2, octets: Buffer.concat([header, text]) },
    { text: null, data_coding: 4, octets: Buffer.from([0, 1, 255]), octets_total: 3 },
    { from_address: 'a b' },
  ])
  // Under the same number it is the same; under another it may be a subscriber's second.
  expect(await worker.deliver({ ...from, shortMessage: Buffer.from('STOP') }, 5)).toBe(0)
  expect(await worker.deliver({ ...from, shortMessage: Buffer.from('STOP') }, 6)).toBe(0)
  const { rows: stops } = await worker.pool.query(
    "SELECT possible_duplicate FROM incoming_messages WHERE text = 'STOP'",
  )
  expect(stops).toEqual([{ possible_duplicate: false }, { possible_duplicate: true }])
  expect(worker.outcomes.get('a incoming repeated')).toBe(1)
})

test('a message that cannot be stored is not acknowledged, and stored once when it comes again', async () => {
  const worker = await bound()
  await worker.pool.query('ALTER TABLE incoming_messages RENAME TO gone')
  const message = { esmClass: 0, sourceAddr: '989121234567', shortMessage: Buffer.from('YES') }
  expect(await worker.deliver(message)).toBe(0x64)
  await worker.pool.query('ALTER TABLE gone RENAME TO incoming_messages')
  expect(await worker.deliver(message)).toBe(0)
  const { rows } = await worker.pool.query('SELECT possible_duplicate FROM incoming_messages')
  expect(rows).toEqual([{ possible_duplicate: false }])
})

test('what was stored and acknowledged on a connection that broke is not counted again when it comes by the next', async () => {
  const worker = await bound()
  const smsId = await worker.take({ operator: 'a', phone: FIRST, ids: ['1001', '1001'] })
  const text = Buffer.from('id:1001 stat:DELIVRD')
  const pdu = createPdu('deliver_sm', 11, { esmClass: RECEIPT, shortMessage: text, sourceAddr: '989000000001' })
  const link = worker.smsc.links[0]!
  const unstored = await worker.pool.connect()
  await unstored.query('BEGIN; LOCK attempt_parts IN EXCLUSIVE MODE')
  link.send(pdu)
  await eventually('the receipt is delivered', () => worker.opened.observed.get('delivered receipt'), Boolean)
  link.cut()
  await eventually(
    'the connector has bound again',
    () => worker.opened.observed.get('bound transceiver 1'),
    (times) => times === 2,
  )
  await unstored.query('COMMIT')
  unstored.release()
  await outcome(worker, 'matched')
  await eventually('the connector has read a receipt', () => worker.opened.receipts.length, Boolean)
  expect(await worker.receipt('id:1001 stat:DELIVRD', '989000000001')).toBe(0)
  expect(worker.reported(smsId)).toEqual([])
  expect(await worker.receipt('id:1001 stat:DELIVRD', '989000000001')).toBe(0)
  expect(worker.reported(smsId)).toEqual(['delivered'])
})
