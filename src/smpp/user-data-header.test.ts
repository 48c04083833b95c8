import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeUserDataHeader, type HeaderElement, splitUserData } from './user-data-header.ts'

const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 })
const parts = fc.integer({ min: 1, max: 255 }).chain((of) => fc.tuple(fc.constant(of), fc.integer({ min: 1, max: of })))
const element: fc.Arbitrary<HeaderElement> = fc.oneof(
  fc
    .constantFrom(8 as const, 16 as const)
    .chain((bits) =>
      fc
        .tuple(uint(bits), parts)
        .map(([reference, [of, part]]): HeaderElement => ({ kind: 'concatenation', bits, reference, parts: of, part })),
    ),
  fc.constantFrom(8 as const, 16 as const).chain((bits) =>
    fc.record({
      kind: fc.constant('ports' as const),
      bits: fc.constant(bits),
      destination: uint(bits),
      source: uint(bits),
    }),
  ),
  fc.record({ kind: fc.constantFrom('single-shift' as const, 'locking-shift' as const), language: uint(8) }),
  fc.record({
    kind: fc.constant('other' as const),
    id: fc.integer({ min: 0x70, max: 0x7f }),
    data: fc.uint8Array({ maxLength: 20 }).map((each) => Buffer.from(each)),
  }),
)

test('a header is read as it was written, and what follows is the text', () => {
  fc.assert(
    fc.property(fc.array(element, { maxLength: 8 }), fc.uint8Array({ maxLength: 100 }), (header, text) => {
      const message = Buffer.concat([encodeUserDataHeader(header), text])
      expect(splitUserData(message)).toEqual({ header, text: Buffer.from(text) })
    }),
  )
})

test('any octets are a header and a text, or neither', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const message = Buffer.from(octets)
      const split = splitUserData(message)
      if (split !== null) {
        expect(split.text).toEqual(message.subarray(1 + message[0]!))
        expect(encodeUserDataHeader(split.header)).toEqual(message.subarray(0, 1 + message[0]!))
      }
    }),
    { numRuns: 2_000 },
  )
})

test.for<[string, HeaderElement]>([
  ['0500032a0201', { kind: 'concatenation', bits: 8, reference: 0x2a, parts: 2, part: 1 }],
  ['060804012c0302', { kind: 'concatenation', bits: 16, reference: 300, parts: 3, part: 2 }],
  ['03240101', { kind: 'single-shift', language: 1 }],
  ['0325010d', { kind: 'locking-shift', language: 13 }],
  ['06050423f40000', { kind: 'ports', bits: 16, destination: 9204, source: 0 }],
  ['040402f5f6', { kind: 'ports', bits: 8, destination: 245, source: 246 }],
  ['0500032a0200', { kind: 'other', id: 0, data: Buffer.of(0x2a, 2, 0) }],
  ['0500032a0203', { kind: 'other', id: 0, data: Buffer.of(0x2a, 2, 3) }],
])('%s, as 3GPP TS 23.040 has it', ([hex, expected]) => {
  expect(splitUserData(Buffer.from(hex, 'hex'))?.header).toEqual([expected])
  expect(encodeUserDataHeader([expected]).toString('hex')).toBe(hex)
})

test.for(['', '01', '05000303', '020003', '0300042a', '0100'])('%j exceeds its message, or its own length', (hex) => {
  expect(splitUserData(Buffer.from(hex, 'hex'))).toBeNull()
})

test.for<HeaderElement[]>([
  [{ kind: 'concatenation', bits: 8, reference: 256, parts: 2, part: 1 }],
  [{ kind: 'concatenation', bits: 16, reference: 1, parts: 256, part: 1 }],
  [{ kind: 'concatenation', bits: 16, reference: 1, parts: 2, part: 3 }],
  [{ kind: 'single-shift', language: -1 }],
  [{ kind: 'other', id: 0x70, data: Buffer.alloc(254) }],
])('what does not fit is refused', (header) => {
  expect(() => encodeUserDataHeader(header)).toThrow(RangeError)
})
