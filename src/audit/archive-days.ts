import { createReadStream, createWriteStream, existsSync, readFileSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ExpectedError } from '../runtime/expected-error.ts'
import { isSameFile } from '../runtime/same-file.ts'
import { writeStateFile } from '../runtime/write-state-file.ts'
import { type AuditFile, byFirstLine, listAuditFiles } from './audit-files.ts'
import type { ChainHead } from './chain.ts'
import { type ClosedDay, closedDays } from './drop-days.ts'

/*
  An archive:

    <archive>/<chain>/2026-11-30/audit-2026-11-30-000000000001.zst …   the files of a day, as they were
                                 anchors.ndjson                        the anchors of its lines, and of keys

  A day is copied into a folder whose name ends in `.part`, synced and renamed; its files are deleted from the log after
  that. So each moment has every line in one of both places, and archiving that was broken off goes on by running it again.
*/

const PRIVATE = 0o600
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/
const ANCHORS = 'anchors.ndjson'

/** The archived files of a chain, in the order of their lines. */
export async function listArchived(archive: string, chain: string): Promise<AuditFile[]> {
  const days = await archivedDays(archive, chain)
  return days.flatMap((folder) => listAuditFiles(folder)).sort(byFirstLine)
}

/** The chains that an archive has. */
export async function listArchivedChains(archive: string): Promise<string[]> {
  const names = existsSync(archive) ? await readdir(archive) : []
  return names.filter((name) => /^[0-9a-f]{32}$/.test(name)).sort()
}

/** The texts of the anchors in an archive, of all its chains. */
export async function readArchivedAnchors(archive: string): Promise<string[]> {
  const texts = new Set<string>()
  for (const chain of await listArchivedChains(archive)) {
    for (const folder of await archivedDays(archive, chain)) {
      const path = join(folder, ANCHORS)
      if (!existsSync(path)) continue
      for (const text of readFileSync(path, 'utf8').split('\n')) if (text !== '') texts.add(text)
    }
  }
  return [...texts]
}

export interface ArchiveOptions {
  readonly archive: string
  readonly chain: string
  /** As in 2026-11-30; days before it are moved. */
  readonly beforeDay: string
  /** Stores a signed anchor that lines up to there leave the folder, unless there is one. */
  readonly state: (end: ChainHead) => Promise<void>
  /** The texts of the anchors that a day takes along; asked for after `state`. */
  readonly anchorsOf: (day: ClosedDay, firstLine: number) => Promise<readonly string[]>
  readonly progress?: (day: string) => void
}

/**
 * Moves whole days of a log, the oldest first, into an archive. The log must have been verified. Returns the days. Throws
 * ExpectedError if the archive has another file where one is to go.
 */
export async function archiveDays(folder: string, options: ArchiveOptions): Promise<string[]> {
  const { archive, chain, beforeDay, state, anchorsOf, progress } = options
  const moved: string[] = []
  for (const each of await closedDays(folder, beforeDay)) {
    const target = join(archive, chain, each.day)
    await state(each.end)
    if (!existsSync(target)) await copyDay(each, target, await anchorsOf(each, each.files[0]!.firstSeq))
    for (const { path } of each.files) demandSame(path, join(target, basename(path)))
    for (const { path } of each.files) await rm(path)
    moved.push(each.day)
    progress?.(each.day)
  }
  return moved
}

async function copyDay({ files }: ClosedDay, target: string, anchors: readonly string[]): Promise<void> {
  const part = `${target}.part`
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { recursive: true, mode: 0o700 })
  for (const { path } of files) {
    const copy = createWriteStream(join(part, basename(path)), { flags: 'wx', mode: PRIVATE, flush: true })
    await pipeline(createReadStream(path), copy)
  }
  writeStateFile(join(part, ANCHORS), `${anchors.join('\n')}\n`)
  await sync(part)
  await rename(part, target)
  await sync(join(target, '..'))
}

function demandSame(path: string, copy: string): void {
  if (existsSync(copy) && isSameFile(path, copy)) return
  throw new ExpectedError(
    `${copy} is missing or differs from ${path}, so nothing of that day was deleted. ` +
      'Move the archived day elsewhere and run this again.',
  )
}

async function archivedDays(archive: string, chain: string): Promise<string[]> {
  const folder = join(archive, chain)
  const names = existsSync(folder) ? await readdir(folder) : []
  return names
    .filter((name) => DAY.test(name))
    .sort()
    .map((name) => join(folder, name))
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
