import fc from 'fast-check'
import { expect, test } from 'vitest'
import { segment } from '../../../domain/text/segments.ts'
import { encodePdu } from '../../../smpp/encode-pdu.ts'
import { readTlv } from '../../../smpp/tlv.ts'
import { ESM_CLASS_UDHI, splitUserData } from '../../../smpp/user-data-header.ts'
import type { OutgoingMessage } from '../connector.ts'
import { SubmitComposer } from './compose-submit.ts'
import { packSeptets } from './pack-septets.ts'
import { completeSmppSettings, type SmppSettings } from './smpp-settings.ts'

const MESSAGE: OutgoingMessage = {
  smsId: 4_611_686_018_427,
  ref: '4611686018427.1',
  phone: '+989121234567',
  sender: 'smsgw',
  text: 'Hello',
  encoding: 'gsm7',
  flash: false,
  validUntilMs: null,
  priority: 1,
}
const NOW_MS = Date.parse('2026-11-24T12:00:00Z')

function composer(settings: Partial<SmppSettings> = {}): SubmitComposer {
  return new SubmitComposer(completeSmppSettings({ address: 'smsc:2775', system_id: 'us', ...settings }))
}

function compose(settings: Partial<SmppSettings>, message: Partial<OutgoingMessage>, part = 1) {
  return composer(settings).compose({ ...MESSAGE, ...message }, part, NOW_MS)
}

test('a short message', () => {
  expect(compose({}, {})).toMatchObject({
    sourceAddrTon: 5,
    sourceAddrNpi: 0,
    sourceAddr: 'smsgw',
    destAddrTon: 1,
    destAddrNpi: 1,
    destinationAddr: '989121234567',
    esmClass: 0,
    dataCoding: 0,
    registeredDelivery: 1,
    validityPeriod: '',
    shortMessage: Buffer.from('Hello'),
    tlvs: [],
  })
})

test('what an operator wants otherwise', () => {
  const pdu = compose(
    {
      sender: { default: '12345', short: { ton: 0, npi: 1 } },
      recipient: { ton: 2, npi: 8, plus: true },
      data_coding: { ucs2: 24 },
      service_type: 'BULK',
      protocol_id: 7,
      registered_delivery: 17,
      priority_flags: [0, 1, 2, 3],
      reference_tlv: 0x1501,
      tlvs: [
        { tag: 0x1400, text: 'entity' },
        { tag: 0x1401, hex: '0aff' },
      ],
    },
    { sender: null, text: 'سلام', encoding: 'ucs2', priority: 3 },
  )
  expect(pdu).toMatchObject({
    sourceAddrTon: 0,
    sourceAddrNpi: 1,
    sourceAddr: '12345',
    destAddrTon: 2,
    destAddrNpi: 8,
    destinationAddr: '+989121234567',
    serviceType: 'BULK',
    protocolId: 7,
    registeredDelivery: 17,
    priorityFlag: 3,
    dataCoding: 24,
    shortMessage: Buffer.from('سلام', 'utf16le').swap16(),
  })
  expect(pdu.tlvs).toEqual([
    { tag: 0x1501, value: Buffer.from('4611686018427.1.1\0') },
    { tag: 0x1400, value: Buffer.from('entity') },
    { tag: 0x1401, value: Buffer.of(0x0a, 0xff) },
  ])
})

test('validity as the operator wants it', () => {
  const validUntilMs = NOW_MS + 3_600_000
  expect(compose({}, { validUntilMs }).validityPeriod).toBe('000000010000000R')
  expect(compose({ validity: 'absolute' }, { validUntilMs }).validityPeriod).toBe('261124130000000+')
  expect(compose({ validity: 'none' }, { validUntilMs }).validityPeriod).toBe('')
  expect(compose({}, { validUntilMs: NOW_MS + 90 * 86_400_000 }).validityPeriod).toBe('000031000000000R')
})

test('flash by the coding where there is one, else by the display', () => {
  expect(compose({}, { flash: true }).dataCoding).toBe(0x10)
  expect(compose({}, { flash: true, text: 'ж', encoding: 'ucs2' }).dataCoding).toBe(0x18)
  const latin = compose({}, { flash: true, encoding: 'latin1' })
  expect([latin.dataCoding, readTlv(latin.tlvs, 'dest_addr_subunit')]).toEqual([3, 1])
  const display = compose({ flash: 'dest_addr_subunit' }, { flash: true })
  expect([display.dataCoding, readTlv(display.tlvs, 'dest_addr_subunit')]).toEqual([0, 1])
})

test('a sender or a text that cannot be written is refused', () => {
  expect(() => compose({}, { sender: 'far too long a name' })).toThrow('sender-not-an-address')
  expect(() => compose({}, { text: 'ж' })).toThrow('text-not-in-encoding')
})

test('the parts of a long message name their place, the same at every attempt', () => {
  const long = { text: 'x'.repeat(400) }
  for (const [concatenation, bits] of [
    ['udh8', 8],
    ['udh16', 16],
  ] as const) {
    const pdus = [1, 2, 3].map((part) => compose({ concatenation }, long, part))
    const headers = pdus.map((pdu) => splitUserData(pdu.shortMessage)!.header[0])
    expect(pdus.every(({ esmClass }) => esmClass === ESM_CLASS_UDHI)).toBe(true)
    expect(headers).toMatchObject([1, 2, 3].map((part) => ({ kind: 'concatenation', bits, parts: 3, part })))
    expect(new Set(headers.map((header) => header?.kind === 'concatenation' && header.reference)).size).toBe(1)
  }
  const sar = compose({ concatenation: 'sar' }, long, 2)
  expect([sar.esmClass, readTlv(sar.tlvs, 'sar_total_segments'), readTlv(sar.tlvs, 'sar_segment_seqnum')]).toEqual([
    0, 3, 2,
  ])
})

test('message_payload holds a long message as one, and a short one goes without', () => {
  const payload = composer({ concatenation: 'payload' })
  const long = { ...MESSAGE, text: 'x'.repeat(400) }
  expect(payload.partsOf(long)).toBe(1)
  const pdu = payload.compose(long, 1, NOW_MS)
  expect(pdu.shortMessage.length).toBe(0)
  expect(readTlv(pdu.tlvs, 'message_payload')).toEqual(Buffer.from(long.text))
  expect(payload.compose({ ...MESSAGE, text: 'x'.repeat(160) }, 1, NOW_MS).shortMessage.length).toBe(160)
})

test('every text goes out in as many parts as it is charged for, each of which fits', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 500 }).filter((each) => each !== '')
  fc.assert(
    fc.property(text, fc.constantFrom<'unpacked' | 'packed'>('unpacked', 'packed'), (each, gsm7) => {
      const { encoding, segments } = segment(each)
      const write = composer({ gsm7 })
      const message = { ...MESSAGE, text: each, encoding }
      expect(write.partsOf(message)).toBe(segments)
      for (let part = 1; part <= segments; part++) {
        const pdu = write.compose(message, part, NOW_MS)
        const octetsMax = encoding === 'ucs2' || gsm7 === 'packed' ? 140 : 160
        expect(pdu.shortMessage.length).toBeLessThanOrEqual(octetsMax)
        encodePdu(pdu)
      }
    }),
  )
})

test('septets packed by the example of 23.038 and unpacked again', () => {
  expect(packSeptets(Buffer.from('hellohello'), 0).toString('hex')).toBe('e8329bfd4697d9ec37')
  fc.assert(
    fc.property(fc.uint8Array({ max: 127, maxLength: 160 }), fc.nat(12), (septets, headerOctets) => {
      const packed = packSeptets(septets, headerOctets)
      const fillBits = (7 - ((headerOctets * 8) % 7)) % 7
      const bits = [...packed].map((octet) => octet.toString(2).padStart(8, '0').split('').reverse().join('')).join('')
      const unpacked = [...septets].map((_, index) => {
        const at = fillBits + index * 7
        return Number.parseInt(
          bits
            .slice(at, at + 7)
            .split('')
            .reverse()
            .join(''),
          2,
        )
      })
      expect(unpacked).toEqual([...septets])
      expect(headerOctets * 8 + fillBits).toSatisfy((bit: number) => bit % 7 === 0)
    }),
  )
})
