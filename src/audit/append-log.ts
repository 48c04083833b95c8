import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { ExpectedError } from '../runtime/expected-error.ts'
import type { AuditEntry } from './audit-entry.ts'
import { auditFile, listAuditFiles } from './audit-files.ts'
import { type ChainHead, chainLine, EMPTY_CHAIN, followLine } from './chain.ts'
import { readLines } from './read-lines.ts'

/**
 * Writes the audit log: one writer a folder, each batch on disk before it is acknowledged. Records that are in the
 * log already, because Kafka delivered them again after a crash, are not written twice.
 */
export class AuditLog {
  readonly #folder: string
  readonly #fileBytesMax: number
  readonly #written = new Map<string, number>()
  #head: ChainHead = EMPTY_CHAIN
  #file: FileHandle | null = null
  #fileBytes = 0

  private constructor(folder: string, fileBytesMax: number) {
    this.#folder = folder
    this.#fileBytesMax = fileBytesMax
  }

  /**
   * Opens a log where it ends. A line torn by a crash is cut off: nothing of it was acknowledged.
   * Throws ExpectedError if another process writes it, or its last file is damaged.
   */
  static async open(folder: string, fileBytesMax: number): Promise<AuditLog> {
    const log = new AuditLog(folder, fileBytesMax)
    listAuditFiles(folder, true)
    lock(folder)
    await log.reopen()
    return log
  }

  /** After a failed write, as on a full disk: reads what is there, and cuts off what is torn. The folder stays ours. */
  async reopen(): Promise<void> {
    await this.#file?.close()
    this.#file = null
    this.#fileBytes = 0
    this.#head = EMPTY_CHAIN
    this.#written.clear()
    const files = listAuditFiles(this.#folder, true)
    // Where each partition stands is read from the last two files: a file begun just before the crash knows little.
    for (const { path, firstSeq } of files.slice(-2)) await this.#recover(path, firstSeq)
    const last = files.at(-1)
    if (!last) return
    this.#file = await open(last.path, 'a')
    this.#fileBytes = (await this.#file.stat()).size
  }

  get head(): ChainHead {
    return this.#head
  }

  /** Writes entries in order; resolves when they are on disk. After an error the log must be reopened. */
  async append(entries: readonly AuditEntry[]): Promise<void> {
    let lines = ''
    let head = this.#head
    const seen = new Map<string, number>()
    for (const entry of entries) {
      const place = `${entry.topic}[${entry.partition}]`
      if (entry.offset <= (seen.get(place) ?? this.#written.get(place) ?? -1)) continue
      const next = chainLine(head, entry)
      lines += `${next.line}\n`
      head = next.head
      seen.set(place, entry.offset)
    }
    if (lines === '') return
    await this.#rotate()
    await this.#file!.appendFile(lines)
    await this.#file!.datasync()
    this.#fileBytes += Buffer.byteLength(lines)
    this.#head = head
    for (const [place, offset] of seen) this.#written.set(place, offset)
  }

  async close(): Promise<void> {
    await this.#file?.close()
    rmSync(lockPath(this.#folder), { force: true })
  }

  async #rotate(): Promise<void> {
    if (this.#file && this.#fileBytes < this.#fileBytesMax) return
    await this.#file?.close()
    this.#file = await open(auditFile(this.#folder, this.#head.seq + 1).path, 'a')
    this.#fileBytes = 0
  }

  async #recover(path: string, firstSeq: number): Promise<void> {
    let head: ChainHead | null = null
    for await (const { text, complete, startsAt } of readLines(path)) {
      if (!complete) {
        await truncate(path, startsAt)
        break
      }
      const next = followLine(head ?? { seq: firstSeq - 1, hash: prevOf(text) }, text)
      if (typeof next === 'string') {
        throw new ExpectedError(
          `${path}: a line ${next}. Run \`smsgw audit verify\`, and move the damaged log elsewhere.`,
        )
      }
      head = next
      const { topic, partition, offset } = JSON.parse(text) as AuditEntry
      this.#written.set(`${topic}[${partition}]`, offset)
    }
    // An empty file was begun and nothing written: the chain goes on where the file before it ended.
    if (head) this.#head = head
  }
}

function prevOf(line: string): string {
  return /^\{"seq":[0-9]+,"prev":"([0-9a-f]{64})"/.exec(line)?.[1] ?? ''
}

function lockPath(folder: string): string {
  return join(folder, 'lock')
}

function lock(folder: string): void {
  const path = lockPath(folder)
  if (existsSync(path)) {
    const pid = Number(readFileSync(path, 'utf8'))
    if (pid !== process.pid && isAlive(pid)) {
      throw new ExpectedError(`Process ${pid} writes the audit log in ${folder}. Give this one another AUDIT_FOLDER.`)
    }
  }
  writeFileSync(path, `${process.pid}\n`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
