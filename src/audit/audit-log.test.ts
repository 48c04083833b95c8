import { hash } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { readEntries } from '../../test/gateway/read-entries.ts'
import { ensureSigningKey, readSigningKey } from './anchor-key.ts'
import { AuditLog } from './append-log.ts'
import type { AuditEntry } from './audit-entry.ts'
import { listAuditFiles } from './audit-files.ts'
import { HEADER_BYTES } from './block.ts'
import { dropDays } from './drop-days.ts'
import { entryOf, lineOf } from './entry-line.ts'
import { readBlocks } from './read-blocks.ts'
import { verifyAuditLog } from './verify-log.ts'

const root = mkdtempSync(join(tmpdir(), 'smsgw-audit-'))
let folders = 0
afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000)

const DAY_MS = 86_400_000
const NOON_MS = Date.parse('2026-11-23T12:00:00.000Z')

function entry(offset: number, partition = 0): AuditEntry {
  const at = '2026-11-23T12:00:00.000Z'
  const value_sha256 = Buffer.alloc(32, offset).toString('base64url')
  return { at, topic: 't', partition, offset, type: 'sms.status.sent', id: `e${offset}`, key: 'k', value_sha256 }
}

const options = (fileBytesMax = 1_000_000, nowMs = NOON_MS) => ({ fileBytesMax, nowMs: () => nowMs })

async function writtenLog(entries: number, fileBytesMax?: number): Promise<string> {
  const folder = join(root, String(folders++))
  const log = await AuditLog.open(folder, options(fileBytesMax))
  for (let offset = 0; offset < entries; offset += 5) {
    await log.append(Array.from({ length: Math.min(5, entries - offset) }, (_, index) => entry(offset + index)))
  }
  await log.close()
  return folder
}

const pathsOf = (folder: string): string[] => listAuditFiles(folder).map(({ path }) => path)

async function offsetsOf(folder: string): Promise<number[]> {
  const offsets: number[] = []
  for (const file of listAuditFiles(folder)) for await (const { offset } of readEntries(file)) offsets.push(offset)
  return offsets
}

test('a log is whole over many files, and goes on where it ended', async () => {
  const folder = await writtenLog(40, 600)
  expect(pathsOf(folder).length).toBeGreaterThan(2)
  const log = await AuditLog.open(folder, options(600))
  const { chain } = log
  await log.append([entry(40)])
  await log.close()
  expect(await verifyAuditLog(folder)).toMatchObject({ entries: 41, fault: null, chain, head: log.head.hash })
  expect(await offsetsOf(folder)).toEqual(Array.from({ length: 41 }, (_, offset) => offset))
})

test('records that come again are not written again', async () => {
  const folder = await writtenLog(10)
  const log = await AuditLog.open(folder, options())
  await log.append([entry(8), entry(9), entry(10), entry(10), entry(0, 1)])
  await log.close()
  expect((await verifyAuditLog(folder)).entries).toBe(12)
})

test('a file is Zstandard that other programs read: its lines are JSON', async () => {
  const folder = await writtenLog(12)
  const lines = [...readBlocks(pathsOf(folder)[0]!)].flatMap((block) =>
    block.kind === 'block' ? zstdDecompressSync(block.payload).toString().trimEnd().split('\n') : [],
  )
  expect(lines.map((line) => entryOf(line))).toEqual(Array.from({ length: 12 }, (_, offset) => entry(offset)))
  const strange = { ...entry(1), topic: 'a/b/3', key: null, id: null, type: null, value_sha256: null, fault: 'x\ny' }
  expect(entryOf(lineOf(strange))).toEqual(strange)
})

test('a tail torn at any byte costs the block that was being written, and no block before it', async () => {
  const folder = await writtenLog(15)
  const path = pathsOf(folder)[0]!
  const whole = readFileSync(path)
  const starts = [...readBlocks(path)].map(({ startsAt }) => startsAt)
  const last = starts.at(-1)!
  for (const bytes of [
    last + 1,
    last + HEADER_BYTES - 1,
    last + HEADER_BYTES,
    last + HEADER_BYTES + 1,
    whole.length - 1,
  ]) {
    writeFileSync(path, whole.subarray(0, bytes))
    const torn = await verifyAuditLog(folder)
    expect(torn).toMatchObject({ fault: null, entries: 10 })
    expect(torn.notices.join()).toContain('no whole block')
    const log = await AuditLog.open(folder, options())
    await log.append([entry(9), ...Array.from({ length: 5 }, (_, index) => entry(10 + index))])
    await log.close()
    expect(await verifyAuditLog(folder)).toMatchObject({ entries: 15, fault: null, notices: [] })
  }
})

test('a write that broke off, as on a full disk, is cut off by reopening, and written when its records come again', async () => {
  const folder = await writtenLog(10)
  const log = await AuditLog.open(folder, options())
  const path = pathsOf(folder)[0]!
  appendFileSync(path, readFileSync(path).subarray(0, HEADER_BYTES + 3))
  await log.reopen()
  await log.append([entry(9), entry(10)])
  await log.close()
  expect(await verifyAuditLog(folder)).toMatchObject({ entries: 11, fault: null, head: log.head.hash })
})

test('a log that was damaged is not written on', async () => {
  const folder = await writtenLog(10)
  const path = pathsOf(folder)[0]!
  const altered = readFileSync(path)
  altered[HEADER_BYTES + 5]! ^= 1
  writeFileSync(path, altered)
  await expect(AuditLog.open(folder, options())).rejects.toThrow(/altered/)
  // The folder is not left locked.
  await expect(AuditLog.open(folder, options())).rejects.toThrow(/altered/)
})

test('each day has files of its own, and a clock that goes back does not take the log back', async () => {
  const folder = join(root, String(folders++))
  let nowMs = NOON_MS
  const log = await AuditLog.open(folder, { fileBytesMax: 1_000_000, nowMs: () => nowMs })
  for (const [offset, atMs] of [NOON_MS, NOON_MS + DAY_MS, NOON_MS, NOON_MS + 3 * DAY_MS].entries()) {
    nowMs = atMs
    await log.append([entry(offset)])
  }
  await log.close()
  expect(listAuditFiles(folder).map(({ day }) => day)).toEqual(['2026-11-23', '2026-11-24', '2026-11-26'])
  expect((await verifyAuditLog(folder)).fault).toBeNull()
})

test('days are dropped when they are anchored, and only after that is stated', async () => {
  const folder = join(root, String(folders++))
  let nowMs = NOON_MS
  const log = await AuditLog.open(folder, { fileBytesMax: 1_000_000, nowMs: () => nowMs })
  const heads = []
  for (let day = 0; day < 5; day++) {
    nowMs = NOON_MS + day * DAY_MS
    await log.append([entry(2 * day), entry(2 * day + 1)])
    heads.push(log.head)
  }
  await log.close()
  const refused = async () => Promise.reject(new Error('PostgreSQL is unavailable'))
  await expect(dropDays(folder, '2026-11-27', 10, refused)).rejects.toThrow(/unavailable/)
  expect(pathsOf(folder)).toHaveLength(5)
  const stated: unknown[] = []
  const state = async (end: unknown): Promise<void> => void stated.push(end)
  // Line 5 is of the third day, which is not anchored as a whole.
  expect(await dropDays(folder, '2026-11-27', 5, state)).toEqual(['2026-11-23', '2026-11-24'])
  expect(stated).toEqual([heads[1]])
  expect(await dropDays(folder, '2026-11-25', 10, state)).toEqual([])
  // The last day stays in any case: the chain goes on from it.
  expect(await dropDays(folder, '2027-01-01', 10, state)).toEqual(['2026-11-25', '2026-11-26'])
  const next = await AuditLog.open(folder, options(1_000_000, NOON_MS + 9 * DAY_MS))
  expect(next.head).toEqual(heads[4])
  await next.close()
})

/** A line as version 0.1 wrote it. */
function plainLine(seq: number, prev: string, fields: object): { line: string; digest: string } {
  const covered = `{"seq":${seq},"prev":"${prev}",${JSON.stringify(fields).slice(1, -1)}`
  const digest = hash('sha256', covered)
  return { line: `${covered},"hash":"${digest}"}`, digest }
}

test('files of an earlier version are read and verified, and the chain goes on from them', async () => {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  let prev = '0'.repeat(64)
  let text = ''
  for (let seq = 1; seq <= 7; seq++) {
    const value_sha256 = hash('sha256', String(seq))
    const { line, digest } = plainLine(seq, prev, { ...entry(seq - 1), value_sha256 })
    text += `${line}\n`
    prev = digest
  }
  const path = join(folder, 'audit-000000000001.ndjson')
  writeFileSync(path, text)
  expect(await verifyAuditLog(folder)).toMatchObject({ entries: 7, fault: null, head: prev, chain: null })
  const log = await AuditLog.open(folder, options())
  await log.append([entry(6), entry(7), entry(8)])
  await log.close()
  expect(await verifyAuditLog(folder)).toMatchObject({ entries: 9, fault: null, head: log.head.hash })
  expect(await offsetsOf(folder)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  for (const changed of [text.replace('e5', 'x5'), text.split('\n').toSpliced(2, 1).join('\n'), text.slice(0, -20)]) {
    writeFileSync(path, changed)
    expect((await verifyAuditLog(folder)).fault).not.toBeNull()
  }
  writeFileSync(path, text)
  expect((await verifyAuditLog(folder)).fault).toBeNull()
})

test('the key is made once, for this user alone, and one that others may read is refused', () => {
  const file = join(root, 'keys', 'audit-key.pem')
  const made = ensureSigningKey(file)
  expect(made.isNew).toBe(true)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(ensureSigningKey(file)).toMatchObject({ isNew: false, key: { id: made.key.id } })
  for (const [content, why] of [
    ['', /cannot be used/],
    ['no key', /cannot be used/],
  ] as const) {
    const other = join(root, 'keys', 'other.pem')
    writeFileSync(other, content, { mode: 0o600 })
    expect(() => readSigningKey(other)).toThrow(why)
  }
  const open = join(root, 'keys', 'open.pem')
  writeFileSync(open, readFileSync(file), { mode: 0o644 })
  expect(() => readSigningKey(open)).toThrow(/chmod 600/)
})
