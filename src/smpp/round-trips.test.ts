import fc from 'fast-check'
import { expect, test } from 'vitest'
import { arbitraryPduOf, COMMANDS } from '../../test/smpp/arbitrary-pdu.ts'
import { decodePdu } from './decode-pdu.ts'
import { encodePdu, HEADER_OCTETS } from './encode-pdu.ts'
import { createPdu, createResponse } from './pdu.ts'
import { PduReader } from './pdu-reader.ts'

test('every command of SMPP 3.4 has a grammar', () => {
  expect(COMMANDS).toHaveLength(27)
})

test.for(COMMANDS)('%s is read as it was written, TLVs in their order', (command) => {
  fc.assert(
    fc.property(arbitraryPduOf(command), (pdu) => {
      const bytes = encodePdu(pdu)
      expect(bytes.readUInt32BE(0)).toBe(bytes.length)
      const reading = decodePdu(bytes)
      expect(reading).toEqual({ kind: 'pdu', pdu, length: bytes.length })
    }),
    { numRuns: 60 },
  )
})

test.for(COMMANDS)('%s cut short anywhere is a fault or a shorter PDU, never an exception', (command) => {
  fc.assert(
    fc.property(arbitraryPduOf(command), fc.nat(), (pdu, cut) => {
      const bytes = encodePdu(pdu)
      const end = HEADER_OCTETS + (cut % (bytes.length - HEADER_OCTETS + 1))
      const [reading] = new PduReader().push(withLength(bytes.subarray(0, end)))
      if (reading?.kind === 'fault') expect(reading).toMatchObject({ reason: 'body', command, sequence: pdu.sequence })
      else expect(reading).toMatchObject({ kind: 'pdu', pdu: { command, sequence: pdu.sequence } })
    }),
    { numRuns: 60 },
  )
})

test('PDUs arrive in the same way however the bytes are cut', () => {
  const pdus = fc.array(fc.constantFrom(...COMMANDS).chain(arbitraryPduOf), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(pdus, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, sizes) => {
      const stream = Buffer.concat(sent.map(encodePdu))
      // A list of 254 destinations may exceed the usual limit.
      const reader = new PduReader({ pduOctetsMax: stream.length })
      const received = []
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes[turn % sizes.length]!
        received.push(...reader.push(stream.subarray(at, at + size)))
        at += size
      }
      expect(received.map((each) => (each.kind === 'pdu' ? each.pdu : each))).toEqual(sent)
      expect(reader.heldOctets).toBe(0)
    }),
  )
})

test('what is read does not change with the chunk that it came in', () => {
  const sent = createPdu('submit_sm', 1, {
    shortMessage: Buffer.from('Salom'),
    tlvs: [{ tag: 0x1501, value: Buffer.from('x') }],
  })
  const chunk = encodePdu(sent)
  const readings = new PduReader().push(chunk)
  chunk.fill(0xff)
  expect(readings).toEqual([{ kind: 'pdu', pdu: sent, length: chunk.length }])
})

test('a response has the sequence number of its request', () => {
  const request = createPdu('bind_transceiver', 77, { systemId: 'smsgw' })
  expect(createResponse(request, { systemId: 'SMSC' })).toEqual({
    command: 'bind_transceiver_resp',
    sequence: 77,
    status: 0,
    systemId: 'SMSC',
    tlvs: [],
  })
})

test('a response that reports an error and nothing else has no body', () => {
  const bare = createPdu('submit_sm_resp', 5, { status: 0x58 })
  expect(encodePdu(bare)).toHaveLength(HEADER_OCTETS)
  expect(encodePdu({ ...bare, messageId: '4f2a' })).toHaveLength(HEADER_OCTETS + 5)
  expect(encodePdu({ ...bare, status: 0 })).toHaveLength(HEADER_OCTETS + 1)
})

test.for([
  ['destinationAddr', 'x'.repeat(21)],
  ['destinationAddr', 'with\0NUL'],
  ['destinationAddr', 'Ў'],
  ['serviceType', 'sixsix'],
  ['esmClass', 256],
  ['esmClass', -1],
  ['esmClass', 1.5],
  ['shortMessage', Buffer.alloc(255)],
  ['tlvs', [{ tag: 0x10000, value: Buffer.alloc(1) }]],
  ['tlvs', [{ tag: 0x0424, value: Buffer.alloc(65_536) }]],
  ['sequence', 2 ** 32],
] as const)('%s does not hold %s, and nothing is cut in silence', ([name, value]) => {
  const pdu = { ...createPdu('submit_sm', 1), [name]: value }
  expect(() => encodePdu(pdu)).toThrow(RangeError)
})

test('what does not fit is named by its command and field', () => {
  const pdu = createPdu('bind_transmitter', 1, { password: 'x'.repeat(65) })
  expect(() => encodePdu(pdu)).toThrow('bind_transmitter.password: a string of 65 exceeds 64 octets')
})

function withLength(frame: Buffer): Buffer {
  const copy = Buffer.from(frame)
  copy.writeUInt32BE(copy.length, 0)
  return copy
}
