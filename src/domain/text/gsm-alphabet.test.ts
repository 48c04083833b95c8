import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { LANGUAGES, type Language } from './encodings.ts'
import { DEFAULT_TABLES, fromSeptets, type GsmTables, toSeptets } from './gsm-alphabet.ts'
import { segment } from './segments.ts'

const ESCAPE = 0x1b

/** The 128 characters of a locking table, or of those behind an escape; a space where there is none. */
function read(tables: GsmTables, isExtension = false): string[] {
  return Array.from({ length: 128 }, (_, code) => {
    return fromSeptets(isExtension ? Uint8Array.of(ESCAPE, code) : Uint8Array.of(code), tables)
  })
}

test('the default alphabet is that of 3GPP TS 23.038, clause 6.2.1', () => {
  expect(read(DEFAULT_TABLES).join('').match(/.{16}/gs)).toEqual([
    '@£$¥èéùìòÇ\nØø\rÅå',
    'Δ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ',
    ' !"#¤%&\'()*+,-./',
    '0123456789:;<=>?',
    '¡ABCDEFGHIJKLMNO',
    'PQRSTUVWXYZÄÖÑÜ§',
    '¿abcdefghijklmno',
    'pqrstuvwxyzäöñüà',
  ])
})

test('and the extension is that of clause 6.2.1.1', () => {
  const codes = Object.entries({ '\f': 0x0a, '^': 0x14, '{': 0x28, '}': 0x29, '\\': 0x2f, '[': 0x3c, '~': 0x3d })
  for (const [character, code] of [...codes, [']', 0x3e], ['|', 0x40], ['€', 0x65]] as const) {
    expect([...toSeptets(character, DEFAULT_TABLES)]).toEqual([ESCAPE, code])
  }
})

test('each character of the default alphabet is charged as one septet and written as its code, each of the extension as two', () => {
  for (const [code, character] of read(DEFAULT_TABLES).entries()) {
    if (code === ESCAPE) continue
    expect(segment(character), character).toMatchObject({ encoding: 'gsm7', units: 1 })
    expect([...toSeptets(character, DEFAULT_TABLES)]).toEqual([code])
  }
  for (const character of '\f^{}\\[~]|€') expect(segment(character)).toMatchObject({ encoding: 'gsm7', units: 2 })
})

/** Codes and characters of annex A: the first and the last of a table, and what one would not expect where it is. */
const LOCKING: [Language, string][] = [
  ['tr', '04=€ 07=ı 0b=Ğ 1d=ş 40=İ 60=ç'],
  ['pt', '04=ê 12=ª 15=∞ 18=€ 60=~ 7d=` 7e=ü'],
  ['bn', '00=ঁ 28=) 29=( 2c=, 60=ৎ 7f=ৱ'],
  ['gu', '00=ઁ 60=ૐ 7f=\u0af1'],
  ['hi', '00=ँ 0e=ऎ 3c=ऩ 60=ॐ 7f=ॿ'],
  ['kn', '01=ಂ 24=ಡ 3d=ಪ 7f=ೣ'],
  ['ml', '01=ം 60=ൗ 7f=൹'],
  ['or', '00=ଁ 60=ୖ 7f=ୣ'],
  ['pa', '00=ਁ 60=ੑ 7f=ੴ'],
  ['ta', '01=ஂ 60=ௐ 7f=௹'],
  ['te', '00=ఁ 60=ౕ 7f=ౣ'],
  ['ur', '00=ا 0b=ٹ 44=ع 45=ف 59=ی 7f=\u0670'],
]
const SHIFT: [Language, string][] = [
  ['tr', '47=Ğ 49=İ 53=Ş 63=ç 69=ı 65=€'],
  ['es', '09=ç 41=Á 4f=Ó 75=ú 65=€'],
  ['pt', '05=ê 12=Φ 1f=Ê 5b=Ã 7f=â'],
  ['bn', '19=০ 1c=২ 24=\u09df 41=A 65=€'],
  ['gu', '19=। 1c=૦ 25=૯'],
  ['hi', '1c=० 28={ 2f=\\ 3a=ॱ'],
  ['kn', '1c=೦ 26=\u0cde 2a=ೲ'],
  ['ml', '1c=൦ 2d=൵ 34=ൿ'],
  ['or', '1c=୦ 26=\u0b5c 2c=ୱ'],
  ['pa', '1c=੦ 26=\u0a59 2d=ੵ'],
  ['ta', '24=௮ 25=௯ 2e=௺'],
  ['te', '1c=౦ 32=౿ 65=€'],
  ['ur', '1c=۰ 25=۹ 26=، 33=؟ 3f=۔'],
]

function check(table: readonly string[], samples: string): void {
  for (const sample of samples.split(' ')) expect(table[Number.parseInt(sample, 16)]).toBe(sample.slice(3))
}

test.each(LOCKING)('%s: the locking shift table', (language, samples) => {
  check(read({ locking: language, shift: null }), samples)
})

test.each(SHIFT)('%s: the single shift table', (language, samples) => {
  check(read({ locking: null, shift: language }, true), samples)
})

test('all tables are what was compared with those of Android, code by code', () => {
  const hash = createHash('sha256')
  for (const language of LANGUAGES) {
    hash.update(read({ locking: language, shift: null }).join(''))
    hash.update(read({ locking: null, shift: language }, true).join(''))
  }
  expect(hash.digest('hex')).toBe('47abd9a386af9fc144454bcbbb2b53a24f7c4b28be20c9d3670cd31633ba0114')
})

test.each(LANGUAGES)('%s: what its tables have is written and read back', (language) => {
  for (const tables of [
    { locking: null, shift: language },
    { locking: language, shift: language },
  ]) {
    const text = [...read(tables), ...read(tables, true)].join('')
    expect(fromSeptets(toSeptets(text, tables), tables)).toBe(text)
  }
})

test('what has no code is read as a phone reads it', () => {
  expect(fromSeptets(Uint8Array.of(ESCAPE, 0x41, ESCAPE, ESCAPE, 0x42, ESCAPE), DEFAULT_TABLES)).toBe('A B ')
  expect(fromSeptets(Uint8Array.of(ESCAPE, 0x05), { locking: 'hi', shift: null })).toBe('इ')
  expect(fromSeptets(Uint8Array.of(0x0c), { locking: 'bn', shift: null })).toBe(' ')
})
