import { rm, stat } from 'node:fs/promises'
import { type AuditFile, dayOf, listAuditFiles } from './audit-files.ts'
import type { ChainHead } from './chain.ts'
import { readBlocks } from './read-blocks.ts'

/** A whole day at the beginning of a log. */
export interface ClosedDay {
  readonly day: string
  readonly files: readonly AuditFile[]
  /** The head of the chain behind its last line. */
  readonly end: ChainHead
}

/**
 * The days before `beforeDay` that are complete: a later day has begun. Their heads are read from the file behind each. A
 * plain file of an earlier version counts to the day on which it was last written.
 */
export async function closedDays(folder: string, beforeDay: string): Promise<ClosedDay[]> {
  const files = listAuditFiles(folder)
  const days: ClosedDay[] = []
  let open: AuditFile[] = []
  for (const [index, file] of files.entries()) {
    const next = files[index + 1]
    if (!next) break
    open.push(file)
    const [day, nextDay] = [await dayOfFile(file), await dayOfFile(next)]
    if (day >= beforeDay) break
    if (day === nextDay) continue
    const end = headBefore(files.slice(index + 1))
    if (!end) break
    days.push({ day, files: open, end })
    open = []
  }
  return days
}

/**
 * Deletes days before `beforeDay` whose lines are anchored, after `state` has stored that they are gone. Returns the days.
 * What a crash leaves is deleted the next time.
 */
export async function dropDays(
  folder: string,
  beforeDay: string,
  anchoredLines: number,
  state: (end: ChainHead) => Promise<void>,
): Promise<string[]> {
  const days = (await closedDays(folder, beforeDay)).filter(({ end }) => end.seq <= anchoredLines)
  const last = days.at(-1)
  if (!last) return []
  await state(last.end)
  for (const { files } of days) for (const { path } of files) await rm(path, { force: true })
  return days.map(({ day }) => day)
}

async function dayOfFile({ path, day }: AuditFile): Promise<string> {
  return day ?? dayOf((await stat(path)).mtimeMs)
}

/** The head before the first block of these files; of a file that was begun and never written the next one says it. */
function headBefore(files: readonly AuditFile[]): ChainHead | null {
  for (const { path, day } of files) {
    if (day === null) return null
    for (const block of readBlocks(path)) {
      return block.kind === 'block' ? { seq: block.header.firstSeq - 1, hash: block.header.prev } : null
    }
  }
  return null
}
