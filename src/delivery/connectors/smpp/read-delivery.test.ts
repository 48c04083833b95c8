import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isClean } from '../../../domain/text/clean-text.ts'
import { createPdu } from '../../../smpp/pdu.ts'
import { createTlv, type Tlv } from '../../../smpp/tlv.ts'
import { parseReceiptDate, parseReceiptText } from './parse-receipt-text.ts'
import { DeliveryReader, type ReceiptSettings } from './read-delivery.ts'
import { completeSmppSettings } from './smpp-settings.ts'

const NOW = new Date('2026-11-24T12:00:00Z')
const SETTINGS = completeSmppSettings({ address: 'smsc:2775', system_id: 'us' })
const STANDARD =
  'id:0406212345 sub:001 dlvrd:001 submit date:2611241155 done date:2611241157 stat:DELIVRD err:000 text:Hello'

function read(text: string, settings: Partial<ReceiptSettings> = {}, tlvs: Tlv[] = [], esmClass = 0x04) {
  const pdu = createPdu('deliver_sm', 1, { esmClass, shortMessage: Buffer.from(text, 'latin1'), tlvs })
  return new DeliveryReader({ ...SETTINGS, ...settings }).read(pdu, NOW)
}

test('a receipt as the specification suggests it', () => {
  expect(read(STANDARD)).toMatchObject({
    kind: 'receipt',
    receipt: {
      operatorMessageId: '406212345',
      status: 'delivered',
      errorCode: null,
      at: new Date('2026-11-24T11:57:00Z'),
    },
  })
})

test.each([
  ['fields in another order', 'stat:UNDELIV err:0A4 done date:2611241157 id:77'],
  ['other case and blanks', 'ID: 77 Stat : Undeliv ERR: 0A4 DONE DATE: 2611241157 Text:'],
  [
    'dates with seconds, names with underscores',
    'id:77 submit_date:261124115500 done_date:261124115700 stat:UNDELIV err:0A4',
  ],
  ['years of four digits', 'id:77 done date:202611241157 stat:UNDELIVERABLE err:0A4 text:'],
  ['a date that is written out', 'id:77 done date:2026-11-24 11:57:00 stat:UNDELIV err:0A4'],
  ['no text and commas', 'id:77,sub:001,dlvrd:000,done date:2611241157,stat:UNDELIV,err:0A4'],
  ['equals signs and bars', 'id=77|done date=2611241157|stat=UNDELIV|err=0A4|text='],
  ['the state as a number', 'id:77 done date:2611241157 stat:5 error:0A4'],
  ['a text that looks like fields', 'id:77 done date:2611241157 stat:UNDELIV err:0A4 text:id:88 stat:DELIVRD err:000'],
  ['a text in the middle', 'id:77 text:stat:DELIVRD done date:2611241157 err:0A4 stat:UNDELIV'],
  ['an id with blanks and zeros', 'id:00 77 sub:001 done date:2611241157 stat:UNDELIV err:0A4 text:'],
])('%s', (_deviation, text) => {
  expect(read(text)).toMatchObject({
    kind: 'receipt',
    receipt: { operatorMessageId: '77', status: 'failed', errorCode: '0A4', at: new Date('2026-11-24T11:57:00Z') },
  })
})

test.each([
  ['DELIVRD', 'delivered'],
  ['Delivered', 'delivered'],
  ['EXPIRED', 'expired'],
  ['DELETED', 'failed'],
  ['FAILED', 'failed'],
  ['REJECTD', 'rejected'],
  ['REJECTED', 'rejected'],
  ['UNKNOWN', 'unknown'],
])('stat %s is %s', (stat, status) => {
  expect(read(`id:1 stat:${stat}`)).toMatchObject({ kind: 'receipt', receipt: { status } })
})

test.each(['ENROUTE', 'ACCEPTD', 'ACCEPTED', 'BUFFRED', '1'])('stat %s is not the last word', (stat) => {
  expect(read(`id:1 stat:${stat}`)).toEqual({ kind: 'intermediate' })
})

test('TLVs say it all without a text, with the id as the answer had it', () => {
  const settings = { message_id: { answer: 'hex', receipt: 'decimal', receipt_tlv: 'hex' } } as const
  const tlvs = [
    createTlv('receipted_message_id', '1A2B'),
    createTlv('message_state', 8),
    createTlv('network_error_code', Buffer.of(3, 0, 17)),
  ]
  const receipt = { operatorMessageId: '6699', status: 'rejected', errorCode: '3:17', at: NOW }
  expect(read('', settings, tlvs)).toMatchObject({ kind: 'receipt', receipt })
  expect(read('id:6699 stat:REJECTD err:000', settings)).toMatchObject({ receipt: { operatorMessageId: '6699' } })
})

test('a receipt in message_payload, in UCS-2, by data_sm', () => {
  const payload = createTlv('message_payload', Buffer.from('id:5 stat:DELIVRD', 'utf16le').swap16())
  const pdu = createPdu('data_sm', 1, { esmClass: 0x04, dataCoding: 8, tlvs: [payload] })
  expect(new DeliveryReader(SETTINGS).read(pdu, NOW)).toMatchObject({
    kind: 'receipt',
    receipt: { operatorMessageId: '5' },
  })
})

test('esm_class distinguishes receipts from messages; where it does not, a setting lets the text decide', () => {
  expect(read(STANDARD, {}, [], 0)).toMatchObject({ kind: 'message', message: { kind: 'message', text: STANDARD } })
  expect(read(STANDARD, { receipts_by_text: true }, [], 0)).toMatchObject({ kind: 'receipt' })
  expect(read('my id: what stat', { receipts_by_text: true }, [], 0)).toMatchObject({ kind: 'message' })
  expect(read(STANDARD, { receipts_by_text: true }, [], 0x08)).toMatchObject({
    kind: 'message',
    message: { kind: 'acknowledgement' },
  })
  expect(read(STANDARD, {}, [], 0x20)).toEqual({ kind: 'intermediate' })
  expect(read('nothing of use')).toEqual({ kind: 'unreadable', id: null, words: 'source_addr= nothing of use' })
  expect(read('id:1 stat:WHATEVER')).toMatchObject({ kind: 'unreadable', id: '1' })
})

test("dates are in the SMSC's zone, and never later than now", () => {
  expect(parseReceiptDate('2611241527', 210)).toEqual(new Date('2026-11-24T11:57:00Z'))
  expect(read('id:1 done date:2611241527 stat:DELIVRD')).toMatchObject({ receipt: { at: NOW } })
  expect(read('id:1 done date:garbage stat:DELIVRD')).toMatchObject({ receipt: { at: NOW } })
  expect(parseReceiptDate('2613452599', 0)).toBeNull()
})

test('fields are found in any order and with any separator', () => {
  const separator = fc.constantFrom(' ', ', ', ';', '\r\n', '  ')
  const value = fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/)
  fc.assert(
    fc.property(
      value,
      value,
      value,
      separator,
      fc.constantFrom(0, 1, 2),
      fc.boolean(),
      (id, stat, err, by, turn, up) => {
        const names = up ? ['ID', 'STAT', 'ERR'] : ['id', 'stat', 'err']
        const fields = [`${names[0]}:${id}`, `${names[1]}:${stat}`, `${names[2]}:${err}`]
        const text = [...fields.slice(turn), ...fields.slice(0, turn), 'text:x'].join(by)
        expect(parseReceiptText(text)).toEqual({ id, stat, err, doneDate: null })
      },
    ),
  )
})

test('whatever comes is read, or is none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 254 }), fc.nat(255), fc.nat(255), (octets, esmClass, dataCoding) => {
      const pdu = createPdu('deliver_sm', 1, { esmClass, dataCoding, shortMessage: Buffer.from(octets) })
      expect(['receipt', 'intermediate', 'message', 'unreadable']).toContain(
        new DeliveryReader(SETTINGS).read(pdu, NOW).kind,
      )
    }),
  )
})

test.each([
  ['behind the dates', 'id:77 submit date:2611241155 done date:2611241157 DELIVRD err:000 Text:', 'delivered'],
  ['behind the id', 'id:77 UNDELIVERABLE done date:2611241157 err:011 text:DELIVRD', 'failed'],
  ['alone', 'id:77 Expired', 'expired'],
  ['before the id', 'REJECTD id:77', 'rejected'],
])('C11: a state without `stat:`, %s', (_where, text, status) => {
  expect(read(text)).toMatchObject({ kind: 'receipt', receipt: { operatorMessageId: '77', status } })
})

test('a word of the customer, or the value of another field, is no state', () => {
  for (const text of ['id:77 text:DELIVRD', 'id:77 err:UNKNOWN text:', 'id:DELIVERY-7', 'id:77 undelivered-x'])
    expect(read(text).kind).toBe('unreadable')
})

test("C11: an operator's own states count before the usual ones, by word and by number, in text and parameter", () => {
  const text = 'id:78 submit date:2611241155 done date:2611241157 stat:11 err:011'
  expect(read(text)).toMatchObject({ kind: 'unreadable', id: '78', words: expect.stringContaining('stat:11') })
  const states = { '11': 'failed', Sent: 'delivered', DELIVRD: 'ignored' } as const
  expect(read(text, { states })).toMatchObject({
    receipt: { operatorMessageId: '78', status: 'failed', errorCode: '011' },
  })
  expect(read('id:1 stat:011', { states })).toMatchObject({ receipt: { status: 'failed' } })
  expect(read('id:1 stat:SENT', { states })).toMatchObject({ receipt: { status: 'delivered' } })
  expect(read('id:1 stat:DELIVRD', { states })).toEqual({ kind: 'intermediate' })
  expect(read('id:1', { states }, [createTlv('message_state', 11)])).toMatchObject({ receipt: { status: 'failed' } })
})

test('the recipient is the source, and the destination where an SMSC does not turn them round', () => {
  const from = (sourceAddr: string, destinationAddr: string, settings: Partial<ReceiptSettings> = {}) => {
    const shortMessage = Buffer.from('id:1 stat:DELIVRD')
    const pdu = createPdu('deliver_sm', 1, { esmClass: 0x04, shortMessage, sourceAddr, destinationAddr })
    const reading = new DeliveryReader({ ...SETTINGS, ...settings }).read(pdu, NOW)
    return reading.kind === 'receipt' ? reading.receipt.recipients : null
  }
  expect(from('+989121234567', '10008')).toEqual(['989121234567'])
  expect(from('Acme', '0912 123 4567')).toEqual(['9121234567'])
  expect(from('', '98912***4567')).toEqual([])
  expect(from('989121234567', '983000', { receipts_by_id_alone: true })).toEqual([])
})

test('of two ids the parameter goes first, and the other is kept', () => {
  expect(read('id:00AB stat:DELIVRD', {}, [createTlv('receipted_message_id', '77')])).toMatchObject({
    receipt: { operatorMessageId: '77', otherIds: ['ab'] },
  })
})

test('C16, C17: whatever an id, a code or a text has, what is read of it is clean and bounded', () => {
  const receipt = read(`id:a\0b stat:UNDELIV err:\u0001${'9'.repeat(300)} text:\u0085\0`)
  expect(receipt).toMatchObject({ receipt: { operatorMessageId: 'ab', errorCode: '9'.repeat(32) } })
  expect(receipt.kind === 'receipt' && isClean(receipt.receipt.words)).toBe(true)
  const long = read('stat:DELIVRD', {}, [{ tag: 0x1e, value: Buffer.alloc(60_000, 'f') }])
  expect(long).toMatchObject({ receipt: { operatorMessageId: expect.stringMatching(/^.{1,255}$/) } })
  const numbers = { message_id: { answer: 'hex', receipt: 'hex', receipt_tlv: 'hex' } } as const
  const huge = read('stat:DELIVRD', numbers, [{ tag: 0x1e, value: Buffer.alloc(60_000, 'f') }])
  expect(huge).toMatchObject({ receipt: { operatorMessageId: expect.stringMatching(/^f.{1,254}$/) } })
})

test('a date of another age is none', () => {
  for (const date of ['19000101000000', '9912312359', '2602300000', '0000000000'])
    expect(read(`id:1 done date:${date} stat:DELIVRD`)).toMatchObject({ receipt: { at: NOW } })
})

test('UCS-2 that is none is read as it is written', () => {
  const pdu = createPdu('deliver_sm', 1, { esmClass: 4, dataCoding: 8, shortMessage: Buffer.from('id:5 stat:DELIVRD') })
  expect(new DeliveryReader(SETTINGS).read(pdu, NOW)).toMatchObject({ receipt: { operatorMessageId: '5' } })
})
