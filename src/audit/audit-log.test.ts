import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { AuditLog } from './append-log.ts'
import type { AuditEntry } from './audit-entry.ts'
import { verifyAuditLog } from './verify-log.ts'

const root = mkdtempSync(join(tmpdir(), 'smsgw-audit-'))
let folders = 0
afterAll(() => rmSync(root, { recursive: true, force: true }))

function entry(offset: number, partition = 0): AuditEntry {
  const at = '2026-11-23T12:00:00.000Z'
  return { at, topic: 't', partition, offset, type: 'sms.status.sent', id: `e${offset}`, key: 'k', value_sha256: 'f' }
}

async function writtenLog(entries: number, fileBytesMax = 1_000_000): Promise<string> {
  const folder = join(root, String(folders++))
  const log = await AuditLog.open(folder, fileBytesMax)
  for (let offset = 0; offset < entries; offset += 5) {
    await log.append(Array.from({ length: Math.min(5, entries - offset) }, (_, index) => entry(offset + index)))
  }
  await log.close()
  return folder
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ndjson'))
    .sort()

test('a log is whole over many files, and goes on where it ended', async () => {
  const folder = await writtenLog(40, 2_000)
  expect(filesOf(folder).length).toBeGreaterThan(2)
  const log = await AuditLog.open(folder, 2_000)
  await log.append([entry(40)])
  await log.close()
  expect(await verifyAuditLog(folder)).toMatchObject({ entries: 41, fault: null, head: log.head.hash })
})

test('records that come again are not written again', async () => {
  const folder = await writtenLog(10)
  const log = await AuditLog.open(folder, 1_000_000)
  await log.append([entry(8), entry(9), entry(10), entry(10), entry(0, 1)])
  await log.close()
  expect((await verifyAuditLog(folder)).entries).toBe(12)
})

test('any byte that was changed is found', async () => {
  const folder = await writtenLog(10)
  const path = join(folder, filesOf(folder)[0]!)
  const whole = readFileSync(path)
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const altered = Buffer.from(whole)
      altered[at]! ^= change
      writeFileSync(path, altered)
      expect((await verifyAuditLog(folder)).fault).not.toBeNull()
    }),
    { numRuns: 60 },
  )
})

test('lines removed, repeated or moved are found, and so is a file that is missing', async () => {
  const folder = await writtenLog(40, 2_000)
  const [first, second] = filesOf(folder).map((name) => join(folder, name))
  const lines = readFileSync(first!, 'utf8').trimEnd().split('\n')
  for (const changed of [
    lines.slice(1),
    [...lines.slice(0, 2), ...lines.slice(3)],
    [lines[1]!, lines[0]!, ...lines.slice(2)],
    [lines[0]!, ...lines],
  ]) {
    writeFileSync(first!, `${changed.join('\n')}\n`)
    expect((await verifyAuditLog(folder)).fault).not.toBeNull()
  }
  writeFileSync(first!, `${lines.join('\n')}\n`)
  expect((await verifyAuditLog(folder)).fault).toBeNull()
  rmSync(second!)
  expect((await verifyAuditLog(folder)).fault?.what).toMatch(/missing/)
})

test('a line that a crash tore is cut off, and written again when its record comes again', async () => {
  const folder = await writtenLog(10)
  const path = join(folder, filesOf(folder)[0]!)
  appendFileSync(path, '{"seq":11,"prev":"ab')
  expect((await verifyAuditLog(folder)).fault?.what).toMatch(/torn/)
  const log = await AuditLog.open(folder, 1_000_000)
  await log.append([entry(10)])
  await log.close()
  expect(await verifyAuditLog(folder)).toMatchObject({ entries: 11, fault: null })
})

test('a write that broke off, as on a full disk, is cut off by reopening, and written when its records come again', async () => {
  const folder = await writtenLog(10)
  const log = await AuditLog.open(folder, 1_000_000)
  appendFileSync(join(folder, filesOf(folder)[0]!), '{"seq":11,"prev":"ab')
  await log.reopen()
  await log.append([entry(9), entry(10)])
  await log.close()
  expect(await verifyAuditLog(folder)).toMatchObject({ entries: 11, fault: null, head: log.head.hash })
})

test('a log that was damaged is not written on', async () => {
  const folder = await writtenLog(10)
  const path = join(folder, filesOf(folder)[0]!)
  writeFileSync(path, readFileSync(path, 'utf8').replace('e5', 'x5'))
  await expect(AuditLog.open(folder, 1_000_000)).rejects.toThrow(/altered/)
})
