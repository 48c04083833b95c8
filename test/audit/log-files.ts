import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SigningKey } from '../../src/audit/anchor.ts'
import { keyIdOf } from '../../src/audit/anchor-key.ts'
import { HEADER_BYTES, parseHeader } from '../../src/audit/block.ts'

export interface Block {
  readonly bytes: Buffer
  readonly lines: number
  readonly firstSeq: number
  readonly writtenAtMs: number
}

/** The files of a log by their names. */
export type Files = Map<string, Buffer>

export function blocksOf(bytes: Buffer): Block[] {
  const blocks: Block[] = []
  for (let at = 0; at < bytes.length; ) {
    const header = parseHeader(bytes.subarray(at, at + HEADER_BYTES))!
    const end = at + HEADER_BYTES + header.payloadBytes
    blocks.push({ ...header, bytes: bytes.subarray(at, end) })
    at = end
  }
  return blocks
}

export const allBlocks = (files: ReadonlyMap<string, Buffer>): { name: string; block: Block }[] =>
  [...files.keys()].sort().flatMap((name) => blocksOf(files.get(name)!).map((block) => ({ name, block })))

/** Leaves so many blocks from the beginning of the log. */
export function cutBehind(files: Files, blocks: number): void {
  let left = blocks
  for (const name of [...files.keys()].sort()) {
    const kept = blocksOf(files.get(name)!).slice(0, left)
    left -= kept.length
    if (kept.length === 0) files.delete(name)
    else files.set(name, Buffer.concat(kept.map(({ bytes }) => bytes)))
  }
}

export const daysOf = (files: Files): string[] =>
  [...new Set([...files.keys()].map((name) => name.slice(6, 16)))].sort()
export const namesOf = (files: Files, day: string): string[] =>
  [...files.keys()].filter((name) => name.slice(6, 16) === day)
export const totalBytes = (files: Files): number => [...files.values()].reduce((sum, { length }) => sum + length, 0)
export const removeDay = (files: Files, day: string): void => {
  for (const name of namesOf(files, day)) files.delete(name)
}
export const isSame = (a: ReadonlyMap<string, Buffer>, b: ReadonlyMap<string, Buffer>): boolean =>
  a.size === b.size && [...a].every(([name, bytes]) => b.get(name)?.equals(bytes))

/** Anchors of which one says that the log has a line more. */
export function alteredOne(texts: readonly string[], at: number): string[] {
  return texts.with(
    at,
    texts[at]!.replace(/"lines":(\d+)/, (_, lines) => `"lines":${Number(lines) + 1}`),
  )
}

export function newKey(): SigningKey {
  const pair: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync('ed25519')
  return { ...pair, id: keyIdOf(pair.publicKey) }
}

/** An entry of a status, at that place of the topic. */
export function entryAt(atMs: number, offset: number) {
  const id = `01KB${String(offset).padStart(22, '0')}`
  const at = new Date(atMs).toISOString()
  const value_sha256 = Buffer.alloc(32, offset).toString('base64url')
  return { at, topic: 'sms.status', partition: offset % 3, offset, type: 'sms.status.sent', id, key: 'k', value_sha256 }
}

/** What the folder holds: only what differs is written. */
const onDisk = new Map<string, Buffer>()

export function writeFiles(files: ReadonlyMap<string, Buffer>, folder: string): string {
  mkdirSync(folder, { recursive: true })
  for (const name of onDisk.keys()) {
    if (files.has(name)) continue
    rmSync(join(folder, name))
    onDisk.delete(name)
  }
  for (const [name, bytes] of files) {
    if (onDisk.get(name) === bytes) continue
    writeFileSync(join(folder, name), bytes)
    onDisk.set(name, bytes)
  }
  return folder
}
