import { expect, test } from 'vitest'
import { answerFault } from './answer-fault.ts'
import type { PduFault } from './decode-pdu.ts'
import { encodePdu } from './encode-pdu.ts'
import { createPdu, type Pdu } from './pdu.ts'
import { PduReader } from './pdu-reader.ts'
import { readTlv } from './tlv.ts'

/*
  Each is a bug that another implementation had, by its own tracker; the bytes are rebuilt from its description.
  Every input is followed by an enquire_link: it must be read, unless nothing can be.
*/
const submit = createPdu('submit_sm', 7, {
  sourceAddr: 'Bank',
  destinationAddr: '998901234567',
  shortMessage: Buffer.from('Salom'),
})
const receipt = createPdu('deliver_sm', 8, { esmClass: 4, shortMessage: Buffer.from('id:4f2a stat:DELIVRD') })
const ENQUIRE_LINK = encodePdu(createPdu('enquire_link', 99))

test.for([0, 1, 4, 15, 16_385, 0x8000_0010, 2 ** 32 - 1])(
  'command_length %i is refused by its four octets alone, and nothing is kept (node-smpp #168, OpenSIPS #3847)',
  (length) => {
    const reader = new PduReader()
    const readings = reader.push(Buffer.from([length >>> 24, length >>> 16, length >>> 8, length]))
    expect(readings).toMatchObject([{ kind: 'fault', reason: 'command-length', status: 0x02, isFatal: true }])
    expect(reader.heldOctets).toBe(0)
    expect(reader.push(ENQUIRE_LINK)).toEqual([])
    expect(answerFault(readings[0] as PduFault)).toEqual(createPdu('generic_nack', 0, { status: 0x02 }))
  },
)

test.for([
  'HTTP/1.1 400 Bad Request\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
])('%j is the end of a connection and of nothing else (node-smpp #109, #168, #230)', (text) => {
  expect(new PduReader().push(Buffer.from(text, 'latin1'))).toMatchObject([{ kind: 'fault', isFatal: true }])
})

test('a limit above 16,384 is an option, for message_payload (node-smpp #128)', () => {
  const pdu = createPdu('data_sm', 1, { tlvs: [{ tag: 0x0424, value: Buffer.alloc(65_535) }] })
  expect(new PduReader({ pduOctetsMax: 73_728 }).push(encodePdu(pdu))).toMatchObject([{ kind: 'pdu', pdu }])
  expect(new PduReader().push(encodePdu(pdu))).toMatchObject([{ kind: 'fault', reason: 'command-length' }])
})

test('an unknown command is nacked, and an unknown response is not (SMPP 3.4, 4.3)', () => {
  const [request, response] = [Buffer.from(ENQUIRE_LINK), Buffer.from(ENQUIRE_LINK)]
  request.writeUInt32BE(0x0001_0204, 4)
  response.writeUInt32BE(0x8001_0204, 4)
  const [first, second] = [faultOf(request), faultOf(response)]
  expect(first).toMatchObject({ reason: 'unknown-command', status: 0x03, sequence: 99, isFatal: false })
  expect(answerFault(first)).toEqual(createPdu('generic_nack', 99, { status: 0x03 }))
  expect(answerFault(second)).toBeNull()
})

test.for([
  [255, 0x01],
  [254, 0x01],
  [6, 0x01],
  [4, 0xc0],
  [0, 0xc0],
] as const)(
  'sm_length %i where five octets follow is answered by submit_sm_resp (OpenSIPS #3846, #3891)',
  ([length, status]) => {
    const bytes = encodePdu(submit)
    bytes[bytes.length - 6] = length
    const fault = faultOf(bytes)
    expect(fault).toMatchObject({ reason: 'body', command: 'submit_sm', sequence: 7, status, isFatal: false })
    expect(answerFault(fault)).toEqual(createPdu('submit_sm_resp', 7, { status }))
  },
)

test('sm_length 255 is refused though so many octets follow (OpenSIPS #3891)', () => {
  const bytes = encodePdu({ ...submit, shortMessage: Buffer.alloc(254, 0x20) })
  bytes[bytes.length - 255] = 255
  expect(faultOf(framed(bytes, Buffer.of(0x20)))).toMatchObject({ reason: 'body', status: 0x01 })
})

test('a body without any terminator ends with its PDU (OpenSIPS #3847)', () => {
  for (const command of ['submit_sm', 'bind_receiver', 'query_sm'] as const) {
    const header = encodePdu(createPdu(command, 3)).subarray(0, 16)
    expect(faultOf(framed(header, Buffer.alloc(3, 0x41)))).toMatchObject({ reason: 'body', command, status: 0x02 })
    expect(faultOf(framed(header, Buffer.alloc(4_000, 0x41)))).toMatchObject({ reason: 'body', command, status: 0xc2 })
  }
})

test('a string of as many octets as its field, and no terminator, is too long (OpenSIPS #3848)', () => {
  const bytes = encodePdu(createPdu('bind_receiver', 1, { addressRange: 'x'.repeat(40) }))
  expect(pduOf(bytes)).toMatchObject({ addressRange: 'x'.repeat(40) })
  expect(pduOf(framed(bytes.subarray(0, -1)))).toMatchObject({ addressRange: 'x'.repeat(40) })
  expect(faultOf(framed(bytes.subarray(0, -1), Buffer.from('x')))).toMatchObject({ status: 0xc2 })
  expect(faultOf(framed(bytes.subarray(0, -1), Buffer.from('x\0')))).toMatchObject({ status: 0xc2 })
})

test('NULs behind the short message are no TLV (python-smpp #7, cloudhopper #64)', () => {
  for (const nuls of [1, 2, 3]) expect(pduOf(framed(encodePdu(receipt), Buffer.alloc(nuls)))).toEqual(receipt)
  const rest = framed(encodePdu(receipt), Buffer.of(0, 1))
  expect(faultOf(rest)).toMatchObject({ reason: 'body', command: 'deliver_sm', status: 0xc0 })
})

test('a TLV ends within its PDU (jsmpp #50)', () => {
  for (const tlv of ['0424', '042400', '04240001', '0424ffff20'])
    expect(faultOf(framed(encodePdu(submit), Buffer.from(tlv, 'hex')))).toMatchObject({ reason: 'body', status: 0xc0 })
})

test('an error response may have no body, an id, or TLVs (cloudhopper #31, smppex #6, gosmpp #113, jsmpp #163)', () => {
  const bare = createPdu('submit_sm_resp', 2, { status: 0x0b })
  const header = encodePdu(bare)
  expect(pduOf(header)).toEqual(bare)
  expect(pduOf(framed(header, Buffer.from('0A000000A3D323A1\0')))).toEqual({ ...bare, messageId: '0A000000A3D323A1' })
  const reason = { tag: 0x001d, value: Buffer.from('no credit\0') }
  expect(pduOf(encodePdu({ ...bare, tlvs: [reason] }))).toEqual({ ...bare, tlvs: [reason] })
  // Without the empty id before them, TLVs look like an id; the answer counts all the same.
  expect(pduOf(framed(header, Buffer.from('001d00026e6f', 'hex')))).toMatchObject({ status: 0x0b, messageId: '' })
})

test('a message id without terminator, or with something behind it, is an answer all the same', () => {
  const header = encodePdu(createPdu('submit_sm_resp', 2)).subarray(0, 16)
  expect(pduOf(framed(header))).toMatchObject({ status: 0, messageId: '' })
  expect(pduOf(framed(header, Buffer.from('4f2a')))).toMatchObject({ messageId: '4f2a' })
  expect(pduOf(framed(header, Buffer.from('4f2a\0\x01')))).toMatchObject({ messageId: '4f2a', tlvs: [] })
})

test('a message id of more than 64 octets is read; one of more than 255 is a fault without an answer', () => {
  const long = createPdu('submit_sm_resp', 2, { messageId: 'x'.repeat(255) })
  expect(pduOf(encodePdu(long))).toEqual(long)
  const tooLong = Buffer.from(`${'x'.repeat(256)}\0`)
  const refusal = createPdu('submit_sm_resp', 2, { status: 0x45 })
  const fault = faultOf(framed(encodePdu({ ...refusal, status: 0 }).subarray(0, 16), tooLong))
  expect(fault).toMatchObject({ reason: 'body', command: 'submit_sm_resp', sequence: 2, status: 0xc2 })
  expect(answerFault(fault)).toBeNull()
  // With an error it is a text of the SMSC's, and the error counts.
  expect(pduOf(framed(encodePdu(refusal), tooLong))).toEqual(refusal)
})

test('an id in deliver_sm_resp is read, though it means nothing (smppex #31)', () => {
  const response = createPdu('deliver_sm_resp', 2, { messageId: '4f2a' })
  expect(pduOf(encodePdu(response))).toEqual(response)
})

test('a string TLV keeps its last character, with and without terminator (jsmpp #18)', () => {
  const tlv = (value: string) => [{ tag: 0x001e, value: Buffer.from(value) }]
  expect(readTlv(tlv('4f2a\0'), 'receipted_message_id')).toBe('4f2a')
  expect(readTlv(tlv('4f2a'), 'receipted_message_id')).toBe('4f2a')
})

test('submit_multi: an unknown destination flag, and more destinations than octets or than allowed', () => {
  const multi = createPdu('submit_multi', 4, { destinations: [{ kind: 'distribution-list', name: 'a' }] })
  const bytes = encodePdu(multi)
  const countAt = 16 + 4
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(bytes)
    copy[at] = value
    return copy
  }
  expect(faultOf(changed(countAt + 1, 3))).toMatchObject({ status: 0x40 })
  expect(faultOf(changed(countAt, 254))).toMatchObject({ reason: 'body' })
  expect(faultOf(changed(countAt, 255))).toMatchObject({ status: 0x33 })
})

function framed(...parts: readonly Buffer[]): Buffer {
  const frame = Buffer.concat(parts)
  frame.writeUInt32BE(frame.length, 0)
  return frame
}

function onlyReadingOf(bytes: Buffer) {
  const [reading, next, ...rest] = new PduReader().push(Buffer.concat([bytes, ENQUIRE_LINK]))
  expect(next).toMatchObject({ kind: 'pdu', pdu: { command: 'enquire_link', sequence: 99 } })
  expect(rest).toEqual([])
  return reading
}

function faultOf(bytes: Buffer): PduFault {
  const reading = onlyReadingOf(bytes)
  if (reading?.kind !== 'fault') throw new Error(`read ${JSON.stringify(reading)}`)
  return reading
}

function pduOf(bytes: Buffer): Pdu {
  const reading = onlyReadingOf(bytes)
  if (reading?.kind !== 'pdu') throw new Error(`read ${JSON.stringify(reading)}`)
  return reading.pdu
}
