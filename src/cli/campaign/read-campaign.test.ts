import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CampaignOptions, type CampaignRow, inspectCampaign, readCampaign } from './read-campaign.ts'
import { RefusedFile } from './refused-file.ts'

let folder: string
let path: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smsgw-campaign-'))
  path = join(folder, 'campaign.csv')
})

afterAll(() => rmSync(folder, { recursive: true }))

async function rowsOf(content: string | Buffer, options: CampaignOptions = {}): Promise<CampaignRow[]> {
  writeFileSync(path, content)
  const rows: CampaignRow[] = []
  for await (const row of readCampaign(path, options)) rows.push(row)
  return rows
}

const textsOf = (rows: readonly CampaignRow[]): (string | undefined)[] => rows.map(({ message }) => message?.text)
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')

test('what is given for all holds for each message whose row does not say otherwise', async () => {
  const content = 'to,text,send_at,valid_for\n+989121234567,a,,\n+989121234568,b,2027-01-02T00:00:00Z,60\n'
  const rows = await rowsOf(content, { sendAt: '2027-01-01T00:00:00Z', validFor: '600' })
  expect(rows.map(({ message }) => message)).toEqual([
    { to: '+989121234567', text: 'a', send_at: '2027-01-01T00:00:00Z', valid_for: 600 },
    { to: '+989121234568', text: 'b', send_at: '2027-01-02T00:00:00Z', valid_for: 60 },
  ])
  await expect(rowsOf(content, { validFor: '10m' })).rejects.toThrow('--valid-for must be a whole number')
})

test('the same file for another time is another campaign', async () => {
  writeFileSync(path, 'to,text\n+989121234567,a\n')
  const campaigns = []
  for (const given of [{}, { sendAt: '2027-01-01T00:00:00Z' }, { validFor: '600' }, {}]) {
    campaigns.push(await inspectCampaign(path, given))
  }
  const [first, ...others] = campaigns.map(({ fingerprint }) => fingerprint)
  expect(new Set([first, ...others]).size).toBe(3)
  expect(others.at(-1)).toBe(first)
  expect(campaigns[0]).toMatchObject({ rows: 1, columns: ['to', 'text'] })
})

test.each(['\n', '\r\n', '\r'])('lines are counted as an editor does, whatever ends them (%j)', async (end) => {
  const lines = ['', 'to,text', '+1,a', '', '   ', '+2,"b', '', 'c"', '+3,d', ',', '+4,e']
  const rows = await rowsOf(lines.join(end))
  expect(rows.map(({ line }) => line)).toEqual([3, 6, 9, 11])
  expect(rows.map(({ index }) => index)).toEqual([0, 1, 2, 3])
  expect(textsOf(rows)).toEqual(['a', `b${end}${end}c`, 'd', 'e'])
})

test.each([
  ['commas', 'to,text\n+1,"a, b; c"\n', 'a, b; c'],
  ['semicolons', 'to;text\n+1;a, b\n', 'a, b'],
  ['tabs', 'to\ttext\n+1\ta, b; c\n', 'a, b; c'],
  ['quoted names', '"to";"text"\n"+1";"a ""b"""\n', 'a "b"'],
  ['a byte order mark', '\ufeffto,text\n+1,سلام\n', 'سلام'],
])('%s', async (_, content, text) => {
  expect(textsOf(await rowsOf(content))).toEqual([text])
})

test.each([
  ['windows-1252', Buffer.from('to,text\n+1,caf\xe9 \x80\n', 'latin1'), 'café €'],
  ['windows-1256', Buffer.from('to,text\n+1,\xd3\xe1\xc7\xe3\n', 'latin1'), 'سلام'],
  ['iso-8859-9', Buffer.from('to,text\n+1,\xfe\n', 'latin1'), 'ş'],
  ['utf-16le', utf16('to,text\n+1,سلام 😀\n'), 'سلام 😀'],
  [undefined, utf16('\ufeffto\ttext\r\n+1\tسلام\r\n'), 'سلام'],
  [undefined, utf16('\ufeffto,text\n+1,سلام\n').swap16(), 'سلام'],
])('encoding %s', async (encoding, content, text) => {
  expect(textsOf(await rowsOf(content, encoding === undefined ? {} : { encoding }))).toEqual([text])
})

test.each([
  [
    'a byte of another encoding',
    'to,text\n+1,a\n+989000000001,caf\xe9\n',
    undefined,
    /:3:18: the byte 0xE9 is not utf-8.*--encoding/,
  ],
  ['one behind a quoted line break', 'to,text\r\n+1,"a\r\n\r\n\xe9"\r\n', undefined, /:4:1: the byte 0xE9/],
  ['one at the end', 'to,text\n+1,caf\xe9', undefined, /:2:7: the byte 0xE9/],
  ['a hole of an encoding', 'to,text\n+1,\xa1\n', 'iso-8859-6', /:2:4: the byte 0xA1 is not iso-8859-6/],
  ['an odd byte of UTF-16', 't\0o\0,\0t\0e\0x\0t\0\n\0+', 'utf-16le', /:2:1: the byte 0x2B is not utf-16le/],
  [
    'UTF-16 that says nothing of itself',
    't\0o\0,\0t\0e\0x\0t\0\n\0',
    undefined,
    /:1: this is no UTF-8. Try --encoding utf-16le/,
  ],
  ['an encoding that is none', 'to,text\n+1,a\n', 'utf-9', /There is no encoding "utf-9"/],
  ['an empty file', '', undefined, /is empty/],
  ['blank lines', '\n \n', undefined, /is empty/],
  ['no rows', 'to,text\n', undefined, /has a header, and no rows/],
  ['no header', '+989121234567,hello\n', undefined, /:1: there is no column "\+989121234567"\. The first row names/],
  ['a column that is missing', 'to,from\n+1,a\n', undefined, /:1: the column "text" is missing/],
  ['a column that is there twice', 'to,text,to\n+1,a,+2\n', undefined, /:1: the column "to" is there twice/],
  [
    'a quotation mark that is not closed',
    'to,text\n+1,a\n\n+2,"b\n+3,c\n',
    undefined,
    /:4: a quotation mark opens here/,
  ],
  [
    'a quotation mark within a field',
    'to,text\n+1,"a\r\n"\n\n+2,a "b" c\n',
    undefined,
    /:5: a quotation mark is within/,
  ],
  ['text behind a quotation mark', 'to,text\n+1,"a" b\n', undefined, /:2: text follows a closing/],
  ['a row without end', `to,text\n+1,"${'a'.repeat(1_100_000)}\n`, undefined, /:2: a row is longer than/],
])('%s is a fault of the file', async (_, content, encoding, fault) => {
  writeFileSync(path, Buffer.from(content, 'latin1'))
  await expect(inspectCampaign(path, encoding === undefined ? {} : { encoding })).rejects.toThrow(fault)
})

test('a fault far behind in a large file is found in its place', async () => {
  const lines = Array.from({ length: 20_000 }, (_, n) => `+98912${1_000_000 + n},پیام ${n}`)
  const good = Buffer.from(`to,text\n${lines.join('\n')}\n`)
  writeFileSync(path, Buffer.concat([good, Buffer.from('+1,ab\xff\n', 'latin1'), good]))
  await expect(inspectCampaign(path)).rejects.toThrow(/:20002:6: the byte 0xFF is not utf-8/)
})

test('a row with a fault of its own says so, and the others are read', async () => {
  const rows = await rowsOf(
    `to,text,from,priority,valid_for\n+1,a,,3,\n+2,b,,high,\n+3,c,,,0\n+4,d,${'x'.repeat(21)},,\n+5,e,,\n+6,"f, g",,,60\n`,
  )
  const faults = rows.map(({ fault }) => fault)
  expect(faults).toEqual([
    null,
    expect.stringMatching(/^priority /),
    expect.stringMatching(/^valid_for /),
    expect.stringMatching(/^from /),
    expect.stringMatching(/4 fields, and the header 5/),
    null,
  ])
  expect(rows.filter(({ message }) => message).map(({ line }) => line)).toEqual([2, 7])
})

test('formulas, quotes and line breaks come through a file of refused rows as they were, and it can be sent', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', ';', '\n', '\r', '=', '+', '@', ' ', 'س', "'") })
  const text = cell.map((each) => `x${each}x`)
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), async (texts) => {
      const file = new RefusedFile(path, ['to', 'text'])
      const rows = texts.map((each, index) => ({
        index,
        line: index + 2,
        fields: { to: '+1', text: each },
        message: null,
        fault: null,
      }))
      for (const row of rows) file.add(row, 'no-route', 'No operator, "none".')
      file.close()
      const read: CampaignRow[] = []
      for await (const row of readCampaign(path)) read.push(row)
      expect(read.map(({ message }) => message)).toEqual(texts.map((each) => ({ to: '+1', text: each })))
    }),
    { numRuns: 200 },
  )
})
