import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { entryAt } from '../../test/audit/log-files.ts'
import { readEntries } from '../../test/audit/read-entries.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { AuditLog } from './append-log.ts'
import { archiveDays, listArchived } from './archive-days.ts'
import type { AuditEntry } from './audit-entry.ts'
import { auditFile, dayOf, listAuditFiles } from './audit-files.ts'
import { encodeBlock, HEADER_BYTES, hashOf } from './block.ts'
import { EMPTY_CHAIN } from './chain.ts'
import { closedDays, dropDays } from './drop-days.ts'
import { readBlocks } from './read-blocks.ts'
import { verifyAuditLog } from './verify-log.ts'

/* A log after a crash, a full disk, or tampering with its folder: the writer continues, or says why not. */

const root = mkdtempSync(join(tmpdir(), 'smsgw-hostile-log-'))
let folders = 0
afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000)

const DAY_MS = 86_400_000
const NOON_MS = Date.parse('2026-11-23T12:00:00.000Z')
const CHAIN = 'ab'.repeat(16)

const newFolder = (): string => join(root, String(folders++))
const entries = (from: number, count: number): AuditEntry[] =>
  // One partition, so that what comes again is recognized.
  Array.from({ length: count }, (_, index) => ({ ...entryAt(NOON_MS, from + index), partition: 0 }))
const open = (folder: string, nowMs = NOON_MS): Promise<AuditLog> =>
  AuditLog.open(folder, { fileBytesMax: 64 * 1024 * 1024, nowMs: () => nowMs })

async function offsetsOf(folder: string): Promise<number[]> {
  const offsets: number[] = []
  for (const file of listAuditFiles(folder)) for await (const { offset } of readEntries(file)) offsets.push(offset)
  return offsets
}

test('a crash at any byte of a write, with or without zeros behind it, costs nothing that was acknowledged', async () => {
  const folder = newFolder()
  const log = await open(folder)
  await log.append(entries(0, 3))
  const { path } = listAuditFiles(folder)[0]!
  const before = statSync(path).size
  await log.append(entries(3, 2))
  await log.close()
  const whole = readFileSync(path)
  const zeros = Buffer.alloc(whole.length - before)
  for (let bytes = before; bytes < whole.length; bytes++) {
    const written = whole.subarray(0, bytes)
    // The size of a file may reach the disk before its pages.
    for (const torn of [written, Buffer.concat([written, zeros.subarray(bytes - before), Buffer.alloc(4_096)])]) {
      writeFileSync(path, torn)
      expect(await verifyAuditLog(folder), `${bytes}`).toMatchObject({ fault: null, entries: 3 })
      const reopened = await open(folder)
      await reopened.append(entries(2, 3))
      await reopened.close()
      expect(await verifyAuditLog(folder), `${bytes}`).toMatchObject({ fault: null, entries: 5, notices: [] })
    }
  }
})

test('a disk that is full over several midnights leaves files that hold nothing, and the chain goes on', async () => {
  const folder = newFolder()
  const log = await open(folder)
  await log.append(entries(0, 4))
  const { chain, head } = log
  await log.close()
  for (const [day, bytes] of [1, 2, 3].map((days) => [dayOf(NOON_MS + days * DAY_MS), days === 2 ? 50 : 0] as const)) {
    writeFileSync(auditFile(folder, day, head.seq + 1).path, Buffer.alloc(bytes, 0x5a))
  }
  // The first of the torn files begins as a block does.
  const block = encodeBlock(chain, head, ['{}'], NOON_MS + 2 * DAY_MS).bytes
  writeFileSync(auditFile(folder, dayOf(NOON_MS + 2 * DAY_MS), head.seq + 1).path, block.subarray(0, 50))
  const later = await open(folder, NOON_MS + 4 * DAY_MS)
  expect(later).toMatchObject({ chain, head })
  await later.append(entries(3, 3))
  await later.close()
  expect(await verifyAuditLog(folder)).toMatchObject({ chain, entries: 6, fault: null, notices: [] })
  expect(await offsetsOf(folder)).toEqual([0, 1, 2, 3, 4, 5])
  expect(listAuditFiles(folder).map(({ day }) => day)).toEqual(['2026-11-23', '2026-11-27'])
})

test('a file that holds nothing in the middle of a log does not hold up retention', async () => {
  const folder = newFolder()
  for (const day of [0, 2]) {
    const log = await open(folder, NOON_MS + day * DAY_MS)
    await log.append(entries(day, 2))
    await log.close()
  }
  writeFileSync(auditFile(folder, '2026-11-24', 3).path, '')
  expect((await closedDays(folder, '2026-11-25')).map(({ day }) => day)).toEqual(['2026-11-23', '2026-11-24'])
  expect(await dropDays(folder, '2026-11-25', 4, async () => {})).toEqual(['2026-11-23', '2026-11-24'])
  expect(listAuditFiles(folder).map(({ day }) => day)).toEqual(['2026-11-25'])
})

test('records with texts that cannot be compressed are divided into blocks that every reader accepts', async () => {
  const folder = newFolder()
  const acts = entries(0, 1_500).map((entry) => ({ ...entry, act: randomBytes(6_144).toString('base64') }))
  const log = await open(folder)
  await log.append(acts)
  await log.append(entries(1_499, 2))
  await log.close()
  expect([...readBlocks(listAuditFiles(folder)[0]!.path)].length).toBeGreaterThan(2)
  expect(await verifyAuditLog(folder)).toMatchObject({ entries: 1_501, fault: null, head: log.head.hash })
  const reopened = await open(folder)
  expect(reopened.head).toEqual(log.head)
  await reopened.close()
})

/** A block that is intact and holds what another program put into it. */
function forged(payload: Buffer, lines: number, writtenAtMs = NOON_MS): Buffer {
  const header = Buffer.from(encodeBlock(CHAIN, EMPTY_CHAIN, ['{}'], NOON_MS).bytes.subarray(0, HEADER_BYTES))
  header.writeUInt32LE(lines, 36)
  header.writeUInt32LE(payload.length, 40)
  header.writeBigUInt64LE(BigInt(writtenAtMs), 44)
  header.write(hashOf(header, payload), HEADER_BYTES - 32, 'hex')
  return Buffer.concat([header, payload])
}

const MIB = 1024 * 1024
test.each<[string, () => Buffer]>([
  ['a payload that becomes a gigabyte', () => forged(zstdCompressSync(Buffer.alloc(1024 * MIB)), 1)],
  ['a payload of line breaks', () => forged(zstdCompressSync(Buffer.alloc(60 * MIB, '\n')), 60_000)],
  ['a header that says of as many lines', () => forged(zstdCompressSync(Buffer.alloc(60 * MIB, '\n')), 60 * MIB)],
  ['a payload that is no Zstandard', () => forged(randomBytes(500), 1)],
  ['a payload without a line break', () => forged(zstdCompressSync(Buffer.from('{}')), 1)],
  ['a time that has no day', () => forged(zstdCompressSync(Buffer.from('{}\n')), 1, 2 ** 53)],
  ['a day of five digits', () => forged(zstdCompressSync(Buffer.from('{}\n')), 1, 253_402_300_800_000)],
])('%s is a fault to the verifier and the writer, in bounded memory', async (_, block) => {
  const folder = newFolder()
  mkdirSync(folder)
  writeFileSync(auditFile(folder, '2026-11-23', 1).path, block())
  const before = process.memoryUsage().rss
  expect((await verifyAuditLog(folder)).fault).toMatchObject({ line: 1 })
  await expect(open(folder)).rejects.toThrow(ExpectedError)
  expect(process.memoryUsage().rss - before).toBeLessThan(512 * MIB)
})

test.each(['', 'no JSON', '[]', 'null', '{}', '{"r":"sms.status"}', '{"r":7}', '{"at":1,"r":"a/1/2"}\u2028'])(
  'a block with the line %j is not written on',
  async (line) => {
    const folder = newFolder()
    mkdirSync(folder)
    writeFileSync(auditFile(folder, '2026-11-23', 1).path, forged(zstdCompressSync(Buffer.from(`${line}\n`)), 1))
    await expect(open(folder)).rejects.toThrow(/holds no lines of the log/)
  },
)

test('a clock that goes back over midnight ends no day', async () => {
  const folder = newFolder()
  let nowMs = NOON_MS
  const log = await AuditLog.open(folder, { fileBytesMax: 1_000_000, nowMs: () => nowMs })
  expect(log.isDayOver).toBe(false)
  await log.append(entries(0, 1))
  const over = [-DAY_MS, 0, DAY_MS].map((stepMs) => {
    nowMs = NOON_MS + stepMs
    return log.isDayOver
  })
  expect(over).toEqual([false, false, true])
  await log.close()
})

test('two writers that the lock does not keep apart find each other out, and the chain does not fork', async () => {
  const folder = newFolder()
  // The lock of this process is given to it again.
  const [one, two] = [await open(folder), await open(folder)]
  await one.append(entries(0, 2))
  await expect(two.append(entries(2, 2))).rejects.toThrow(/another process writes/)
  await two.reopen()
  await two.append(entries(2, 2))
  await expect(one.append(entries(4, 1))).rejects.toThrow(/another process writes/)
  await one.close()
  await two.close()
  expect(await verifyAuditLog(folder)).toMatchObject({ entries: 4, fault: null })
})

test('archiving that ended within a file is finished by running it again; a copy that differs stops it', async () => {
  const folder = newFolder()
  const archive = newFolder()
  for (let day = 0; day < 3; day++) {
    const log = await open(folder, NOON_MS + day * DAY_MS)
    await log.append(entries(day * 2, 2))
    await log.close()
  }
  const days = listAuditFiles(folder)
  const chain = CHAIN
  const options = { archive, chain, beforeDay: '2026-11-25', state: async () => {}, anchorsOf: async () => [] }
  const part = join(archive, chain, '2026-11-23.part')
  mkdirSync(part, { recursive: true })
  writeFileSync(join(part, basename(days[0]!.path)), readFileSync(days[0]!.path).subarray(0, 40))
  // Of the second day another program left a copy that is cut.
  const other = join(archive, chain, '2026-11-24')
  mkdirSync(other, { recursive: true })
  writeFileSync(join(other, basename(days[1]!.path)), readFileSync(days[1]!.path).subarray(0, 40))
  await expect(archiveDays(folder, options)).rejects.toThrow(/differs/)
  expect(existsSync(part)).toBe(false)
  expect(existsSync(days[1]!.path)).toBe(true)
  rmSync(other, { recursive: true })
  expect(await archiveDays(folder, options)).toEqual(['2026-11-24'])
  const archived = await listArchived(archive, chain)
  expect(archived).toHaveLength(2)
  expect(await verifyAuditLog(folder, { archived })).toMatchObject({ entries: 6, fault: null, notices: [] })
})
