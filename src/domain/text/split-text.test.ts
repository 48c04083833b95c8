import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitUserData } from '../../smpp/user-data-header.ts'
import { decodeText } from './decode-text.ts'
import { ENCODINGS, type Encoding } from './encodings.ts'
import { lackingCharacters } from './lacking.ts'
import { segment } from './segments.ts'
import { type SplitOptions, splitText } from './split-text.ts'
import { headerOctets, languageById, writeHeader } from './user-data-header.ts'

const MESSAGE_OCTETS = 140
const REFERENCES: readonly SplitOptions['reference'][] = [8, 16, 'sar', 'none']

/** Pieces of which the most awkward texts are made: escapes, pairs of units, marks, characters of national tables. */
const PIECES = [
  'a',
  'b ',
  '€',
  '[',
  '\r\n',
  'é',
  'ş',
  'ğİ',
  'ç',
  'ãõ',
  'á',
  'س',
  '۱',
  '\u200c',
  '😀',
  '👨‍👩‍👧',
  'e\u0301',
  'ਪੰ',
  'हि',
  '✓',
]
const texts = fc
  .tuple(fc.subarray(PIECES, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(3), { maxLength: 400, size: 'max' }))
  .map(([pieces, choices]) => choices.map((choice) => pieces[choice % pieces.length]).join(''))
/** A text with an encoding that it fits. */
const cases = fc.tuple(texts, fc.nat()).map(([text, choice]): [string, Encoding] => {
  const fitting = ENCODINGS.filter((encoding) => segment(text, encoding))
  return [text, fitting[choice % fitting.length]!]
})
const references = fc.constantFrom(...REFERENCES)

/** Octets of a part's user data as it goes over the air, its header included. */
function octetsOnAir(octets: number, header: number, charset: string): number {
  return charset === 'gsm7' ? Math.ceil((Math.ceil((header * 8) / 7) + octets) * (7 / 8)) : header + octets
}

test('a text divided is the same text again, in parts that fit, as many as are charged', () => {
  fc.assert(
    fc.property(cases, references, ([text, encoding], reference) => {
      const [split, segmentation] = [splitText(text, encoding, { reference })!, segment(text, encoding)!]
      const { parts, charset, tables } = split
      expect(parts.map((part) => part.text).join('')).toBe(text)
      for (const part of parts) expect(decodeText(part.octets, charset, tables)).toBe(part.text)
      if (reference === 'none') expect(parts).toHaveLength(1)
      if (reference === 'none') return
      const bits = reference === 'sar' ? 16 : reference
      const header = headerOctets(tables, parts.length > 1 ? bits : null)
      for (const { octets } of parts) {
        expect(octetsOnAir(octets.length, header, charset)).toBeLessThanOrEqual(MESSAGE_OCTETS)
      }
      if (reference === 8) expect(parts).toHaveLength(segmentation.segments)
      else expect(parts.length).toBeGreaterThanOrEqual(segmentation.segments)
    }),
    { numRuns: 1_000 },
  )
})

test('units and what is left of the last part add up', () => {
  fc.assert(
    fc.property(cases, ([text, encoding]) => {
      const [segmentation, split] = [segment(text, encoding)!, splitText(text, encoding, { reference: 8 })!]
      if (text === '') return
      const unitOctets = split.charset === 'ucs2' ? 2 : 1
      const sizes = split.parts.map(({ octets }) => octets.length / unitOctets)
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(segmentation.units)
      // Whole graphemes may have moved from part to part, but never so that there is more room at the end.
      expect(segmentation.unitsLeft).toBeGreaterThanOrEqual(0)
      const more = segment(`${text}${' '.repeat(segmentation.unitsLeft)}`, encoding)!
      if (more.encoding === segmentation.encoding) expect(more.segments).toBeLessThanOrEqual(segmentation.segments)
    }),
  )
})

test('no text takes fewer segments for another character behind it', () => {
  fc.assert(
    fc.property(cases, fc.constantFrom(...PIECES), ([text, encoding], more) => {
      const [short, long] = [segment(text, encoding), segment(text + more, encoding)]
      if (short && long) expect(long.segments).toBeGreaterThanOrEqual(short.segments)
    }),
  )
})

test.each<[number, number, number, Encoding, string, string]>([
  [160, 153, 152, 'gsm7', '', 'a'],
  [140, 134, 133, 'latin1', '', 'á'],
  [70, 67, 66, 'ucs2', '', 'س'],
  // An element of three octets behind the length of the header: a character of the single shift table takes two units.
  [155, 149, 148, 'gsm7-es', 'á', 'a'],
  [155, 149, 148, 'gsm7-hi', '', 'ह'],
  [152, 146, 145, 'gsm7-hi', 'A', 'ह'],
])(
  '%s units in one message, %s or %s in each of several (%s, %j)',
  (single, part8, part16, encoding, first, character) => {
    const text = (units: number): string => first + character.repeat(units - 2 * first.length)
    const units = (reference: SplitOptions['reference'], count: number): number[] => {
      const { parts } = splitText(text(count), encoding, { reference })!
      return parts.map(({ octets }) => (encoding === 'ucs2' ? octets.length / 2 : octets.length))
    }
    expect(segment(text(single), encoding)).toMatchObject({ encoding, segments: 1, unitsLeft: 0 })
    expect(units(8, single)).toEqual([single])
    expect(units(8, single + 1)).toEqual([part8, single + 1 - part8])
    expect(units(16, single + 1)).toEqual([part16, single + 1 - part16])
    expect(units('sar', single + 1)).toEqual(units(16, single + 1))
    expect(units('none', 1_000)).toEqual([1_000])
    expect(segment(text(2 * part8), encoding)).toMatchObject({ segments: 2, unitsLeft: 0 })
    expect(segment(text(2 * part8 + 1), encoding)).toMatchObject({ segments: 3, unitsLeft: part8 - 1 })
  },
)

test.each<[string, Encoding, Encoding, string | null, string | null, number]>([
  ['Merhaba', 'gsm7-tr', 'gsm7', null, null, 1],
  ['Merhaba ş', 'gsm7-tr', 'gsm7-tr', null, 'tr', 1],
  // A septet less for each of these characters in the locking table.
  ['ş'.repeat(100), 'gsm7-tr', 'gsm7-tr', 'tr', null, 1],
  // Devanagari is in the locking table, Latin capitals in the single shift table.
  [`${'हि'.repeat(60)} ABC`, 'gsm7-hi', 'gsm7-hi', 'hi', 'hi', 1],
  ['é'.repeat(10), 'gsm7-es', 'gsm7', null, null, 1],
])(
  '%# tables only where they are needed, locking where it saves',
  (text, asked, encoding, locking, shift, segments) => {
    expect(segment(text, asked)).toMatchObject({ encoding, segments })
    expect(splitText(text, asked, { reference: 8 })!.tables).toEqual({ locking, shift })
    // What is stored is the encoding of the answer; it leads to the same tables.
    expect(splitText(text, encoding, { reference: 8 })!.tables).toEqual({ locking, shift })
  },
)

test('what is read as one character stays whole where that costs no part, and is divided where it does', () => {
  const divide = (text: string): string[] => splitText(text, 'ucs2', { reference: 8 })!.parts.map((part) => part.text)
  const family = '👨‍👩‍👧'
  expect(divide(`${'x'.repeat(63)}${family}${'y'.repeat(10)}`)).toEqual(['x'.repeat(63), `${family}${'y'.repeat(10)}`])
  expect(divide(`${'x'.repeat(66)}ی\u200cها من`)).toEqual(['x'.repeat(66), 'ی\u200cها من'])
  const full = `${'x'.repeat(63)}${family}${'y'.repeat(62)}`
  expect(segment(full).segments).toBe(2)
  expect(divide(full)).toEqual([full.slice(0, 66), full.slice(66)])
  expect(divide(`a${'\u0301'.repeat(100)}`).map((part) => part.length)).toEqual([67, 34])
})

test('a header reads back as what it was made of', () => {
  const concatenation = { bits: 16, reference: 0x1234, total: 3, part: 2 } as const
  const header = writeHeader({ locking: 'hi', shift: 'ur' }, concatenation)
  expect(header.toString('hex')).toBe('0c0804123403022401' + '0d' + '250106')
  expect(splitUserData(header)?.header).toEqual([
    { kind: 'concatenation', bits: 16, reference: 0x1234, parts: 3, part: 2 },
    { kind: 'single-shift', language: 13 },
    { kind: 'locking-shift', language: 6 },
  ])
  expect([languageById(13), languageById(6), languageById(99)]).toEqual(['ur', 'hi', null])
  const eight = writeHeader({ locking: null, shift: null }, { bits: 8, reference: 0x1234, total: 2, part: 1 })
  expect(eight.toString('hex')).toBe('050003340201')
  expect(writeHeader({ locking: null, shift: null }, null)).toHaveLength(0)
})

test('no text is beyond reading', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 160 }), (octets) => {
      for (const charset of ['gsm7', 'latin1', 'ucs2'] as const)
        expect(decodeText(octets, charset)).toBeTypeOf('string')
      expect(decodeText(octets, 'gsm7', { locking: 'hi', shift: 'ur' })).toBeTypeOf('string')
    }),
  )
})

test('what an encoding lacks is named with its place', () => {
  expect(lackingCharacters('aşb😀ş', 'gsm7', 5)).toEqual([
    { character: 'ş', index: 1 },
    { character: '😀', index: 3 },
  ])
  expect(lackingCharacters('aşb😀ş', 'gsm7-tr', 5)).toEqual([{ character: '😀', index: 3 }])
  expect(lackingCharacters('سلام', 'latin1', 2)).toHaveLength(2)
  expect(lackingCharacters('aşb', 'ucs2', 5)).toEqual([])
  expect(lackingCharacters('é✓😀✗', 'latin1', 5)).toEqual([
    { character: '✓', index: 1 },
    { character: '😀', index: 2 },
    { character: '✗', index: 4 },
  ])
})

test('a trailing odd octet of UCS-2 is dropped, and Latin-1 is read as it is', () => {
  expect(decodeText(Uint8Array.of(0x06, 0x33, 0x06), 'ucs2')).toBe('س')
  expect(decodeText(Uint8Array.of(0xe9, 0x41), 'latin1')).toBe('éA')
})

test('a text that its encoding lacks is not divided, and an empty one has no part', () => {
  expect(splitText('س', 'gsm7', { reference: 8 })).toBeNull()
  expect(segment('س', 'gsm7')).toBeNull()
  expect(splitText('', 'ucs2', { reference: 8 })!.parts).toEqual([])
  expect(segment('')).toEqual({ encoding: 'gsm7', segments: 0, units: 0, unitsLeft: 160 })
  expect(segment('', 'ucs2')).toEqual({ encoding: 'ucs2', segments: 0, units: 0, unitsLeft: 70 })
})

test('units are counted as they travel', () => {
  expect(segment('a€')).toEqual({ encoding: 'gsm7', segments: 1, units: 3, unitsLeft: 157 })
  expect(segment('ÿé', 'latin1')).toEqual({ encoding: 'latin1', segments: 1, units: 2, unitsLeft: 138 })
  expect(segment('Ā', 'latin1')).toBeNull()
  expect(segment('a😀')).toEqual({ encoding: 'ucs2', segments: 1, units: 3, unitsLeft: 67 })
})

test('a pair is not parted at the end of a part, and units that are no pair are', () => {
  const lengths = (text: string): number[] =>
    splitText(text, 'ucs2', { reference: 'sar' })!.parts.map((part) => part.text.length)
  expect(lengths(`${'س'.repeat(65)}😀${'س'.repeat(20)}`)).toEqual([65, 22])
  expect(lengths(`${'س'.repeat(64)}😀${'س'.repeat(20)}`)).toEqual([66, 20])
  expect(segment(`${'س'.repeat(66)}😀${'س'.repeat(10)}`).segments).toBe(2)
  expect(segment(`${'س'.repeat(66)}\ud83d\ud83d${'س'.repeat(66)}`).segments).toBe(2)
  expect(segment(`${'س'.repeat(66)}\ude00\ude00${'س'.repeat(66)}`).segments).toBe(2)
  expect(segment(`${'س'.repeat(66)}😀${'س'.repeat(66)}`).segments).toBe(3)
})
