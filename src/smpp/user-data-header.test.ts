import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type HeaderElement, splitUserData } from './user-data-header.ts'

/** An element as octets, and what it says. */
type Written = readonly [number[], HeaderElement]

const octet = fc.nat(0xff)
const parts = fc.integer({ min: 1, max: 255 }).chain((of) => fc.tuple(fc.constant(of), fc.integer({ min: 1, max: of })))
const element: fc.Arbitrary<Written> = fc.oneof(
  fc.tuple(octet, parts).map(([reference, [of, part]]): Written => {
    return [[0x00, 3, reference, of, part], { kind: 'concatenation', bits: 8, reference, parts: of, part }]
  }),
  fc.tuple(octet, octet, parts).map(([high, low, [of, part]]): Written => {
    return [
      [0x08, 4, high, low, of, part],
      { kind: 'concatenation', bits: 16, reference: high * 256 + low, parts: of, part },
    ]
  }),
  octet.map((language): Written => [[0x24, 1, language], { kind: 'single-shift', language }]),
  octet.map((language): Written => [[0x25, 1, language], { kind: 'locking-shift', language }]),
  fc.tuple(fc.integer({ min: 0x70, max: 0x7f }), fc.uint8Array({ maxLength: 20 })).map(([id, data]): Written => {
    return [[id, data.length, ...data], { kind: 'other', id, data: Buffer.from(data) }]
  }),
)

test('a header is read as it was written, and what follows is the text', () => {
  fc.assert(
    fc.property(fc.array(element, { maxLength: 8 }), fc.uint8Array({ maxLength: 100 }), (written, text) => {
      const elements = written.flatMap(([octets]) => octets)
      const split = splitUserData(Buffer.from([elements.length, ...elements, ...text]))
      expect(split).toEqual({ header: written.map(([, each]) => each), text: Buffer.from(text) })
    }),
  )
})

test('any octets are a header and a text, or neither', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const message = Buffer.from(octets)
      const split = splitUserData(message)
      if (split !== null) expect(split.text).toEqual(message.subarray(1 + message[0]!))
    }),
    { numRuns: 2_000 },
  )
})

test.for<[string, HeaderElement]>([
  ['0500032a0201', { kind: 'concatenation', bits: 8, reference: 0x2a, parts: 2, part: 1 }],
  ['060804012c0302', { kind: 'concatenation', bits: 16, reference: 300, parts: 3, part: 2 }],
  ['03240101', { kind: 'single-shift', language: 1 }],
  ['0325010d', { kind: 'locking-shift', language: 13 }],
  ['06050423f40000', { kind: 'other', id: 5, data: Buffer.of(0x23, 0xf4, 0, 0) }],
  ['0500032a0200', { kind: 'other', id: 0, data: Buffer.of(0x2a, 2, 0) }],
  ['0500032a0203', { kind: 'other', id: 0, data: Buffer.of(0x2a, 2, 3) }],
])('%s, as 3GPP TS 23.040 has it', ([hex, expected]) => {
  expect(splitUserData(Buffer.from(hex, 'hex'))?.header).toEqual([expected])
})

test.for(['', '01', '05000303', '020003', '0300042a', '0100'])('%j exceeds its message, or its own length', (hex) => {
  expect(splitUserData(Buffer.from(hex, 'hex'))).toBeNull()
})
