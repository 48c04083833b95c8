import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTlv, readTlv } from './tlv.ts'
import { TLVS, type TlvForm, type TlvName } from './tlv-catalogue.ts'

const VALUES: Record<TlvForm, fc.Arbitrary<number | string | Buffer>> = {
  int1: fc.integer({ min: 0, max: 0xff }),
  int2: fc.integer({ min: 0, max: 0xffff }),
  int4: fc.integer({ min: 0, max: 0xffff_ffff }),
  'c-string': fc.array(fc.integer({ min: 1, max: 0xff })).map((codes) => String.fromCharCode(...codes)),
  octets: fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
}

test.for(Object.keys(TLVS) as TlvName[])('%s holds what its form holds', (name) => {
  fc.assert(
    fc.property(VALUES[TLVS[name].form], (value) => {
      const tlv = createTlv(name, value as never)
      expect(tlv.tag).toBe(TLVS[name].tag)
      expect(readTlv([{ tag: 0x1501, value: Buffer.of(1) }, tlv], name)).toEqual(value)
    }),
    { numRuns: 20 },
  )
})

test('every tag is catalogued once', () => {
  const tags = Object.values(TLVS).map(({ tag }) => tag)
  expect(new Set(tags).size).toBe(tags.length)
})

test('the first of several counts; what is not there, or is of no such form, is undefined', () => {
  const tlvs = [createTlv('message_state', 2), createTlv('message_state', 5)]
  expect(readTlv(tlvs, 'message_state')).toBe(2)
  expect(readTlv(tlvs, 'receipted_message_id')).toBeUndefined()
  for (const octets of [0, 5])
    expect(readTlv([{ tag: TLVS.message_state.tag, value: Buffer.alloc(octets) }], 'message_state')).toBeUndefined()
})

test('an integer of another width is read', () => {
  expect(readTlv([{ tag: TLVS.message_state.tag, value: Buffer.of(0, 0, 0, 2) }], 'message_state')).toBe(2)
  expect(readTlv([{ tag: TLVS.user_message_reference.tag, value: Buffer.of(9) }], 'user_message_reference')).toBe(9)
})

test('a value beyond the form of its TLV is refused', () => {
  expect(() => createTlv('message_state', 256)).toThrow(RangeError)
  expect(() => createTlv('user_message_reference', -1)).toThrow(RangeError)
  expect(() => createTlv('receipted_message_id', 'a\0b')).toThrow(RangeError)
  expect(() => createTlv('receipted_message_id', 'Ў')).toThrow(RangeError)
})
