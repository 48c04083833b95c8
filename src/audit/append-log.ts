import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { ExpectedError } from '../runtime/expected-error.ts'
import { takeProcessLock } from '../runtime/process-lock.ts'
import type { AuditEntry } from './audit-entry.ts'
import { type AuditFile, auditFile, dayOf, listAuditFiles, makeAuditFolder } from './audit-files.ts'
import { BLOCK_LINES_MAX, BLOCK_TEXT_BYTES_MAX, encodeBlock } from './block.ts'
import { type ChainHead, EMPTY_CHAIN } from './chain.ts'
import { lineOf } from './entry-line.ts'
import { isHollow, recoverFile } from './recover-file.ts'

const PRIVATE = 0o600
const CHAIN_ID_BYTES = 16

export interface AuditLogOptions {
  readonly fileBytesMax: number
  /** In milliseconds since 1970; the log never goes back behind a time that it has written. */
  readonly nowMs: () => number
}

/**
 * Writes the audit log: one writer a folder, which is one chain. Each batch is a block, or several if its text is long,
 * on disk before `append` resolves. Records that are in the log already, because Kafka delivered them again after a
 * crash, are not written twice.
 */
export class AuditLog {
  readonly #folder: string
  readonly #options: AuditLogOptions
  readonly #written = new Map<string, number>()
  #chain = ''
  #head: ChainHead = EMPTY_CHAIN
  #file: FileHandle | null = null
  #fileBytes = 0
  #writtenAtMs = 0
  #unlock: () => void = () => {}

  private constructor(folder: string, options: AuditLogOptions) {
    this.#folder = folder
    this.#options = options
  }

  /**
   * Opens a log at its end. A block torn by a crash is cut off: nothing of it was acknowledged.
   * Throws ExpectedError if another process writes it, or its last files are damaged.
   */
  static async open(folder: string, options: AuditLogOptions): Promise<AuditLog> {
    const log = new AuditLog(folder, options)
    makeAuditFolder(folder)
    log.#unlock = takeProcessLock(join(folder, 'lock'), {
      refusal: (pid) => `Process ${pid} writes the audit log in ${folder}. Give this one another AUDIT_FOLDER.`,
    })
    try {
      await log.reopen()
    } catch (error) {
      log.#unlock()
      throw error
    }
    return log
  }

  /** After a failed write, as on a full disk: reads what is there, and cuts off what is torn. The folder stays ours. */
  async reopen(): Promise<void> {
    await this.#file?.close()
    this.#file = null
    this.#fileBytes = 0
    this.#head = EMPTY_CHAIN
    this.#written.clear()
    const files = listAuditFiles(this.#folder)
    // Each day that begins on a full disk leaves one.
    while (files.length > 0 && (await isHollow(files.at(-1)!))) await rm(files.pop()!.path)
    // The offset of each partition is read from the last two files: a file begun just before the crash knows few.
    for (const file of files.slice(-2)) await this.#recover(file)
    if (this.#chain === '') this.#chain = randomBytes(CHAIN_ID_BYTES).toString('hex')
    const last = files.at(-1)
    if (!last || last.day === null) return
    this.#file = await open(last.path, 'a', PRIVATE)
    this.#fileBytes = (await this.#file.stat()).size
  }

  /** In hexadecimal; drawn when the first block is written, and in each block from then on. */
  get chain(): string {
    return this.#chain
  }

  get head(): ChainHead {
    return this.#head
  }

  /** Whether the next block begins a day that is later than the one of the last block. */
  get isDayOver(): boolean {
    return this.#head.seq > 0 && dayOf(this.#options.nowMs()) > dayOf(this.#writtenAtMs)
  }

  /**
   * Writes entries in order; resolves when they are on disk, with the bytes that they took. After an error the log must
   * be reopened.
   */
  async append(entries: readonly AuditEntry[]): Promise<number> {
    const lines: string[] = []
    const seen = new Map<string, number>()
    for (const entry of entries) {
      const place = placeOf(entry)
      if (entry.offset <= (seen.get(place) ?? this.#written.get(place) ?? -1)) continue
      lines.push(lineOf(entry))
      seen.set(place, entry.offset)
    }
    let bytes = 0
    for (const block of blocksOfLines(lines)) bytes += await this.#write(block)
    for (const [place, offset] of seen) this.#written.set(place, offset)
    return bytes
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
    this.#unlock()
  }

  async #write(lines: readonly string[]): Promise<number> {
    const writtenAtMs = Math.max(this.#options.nowMs(), this.#writtenAtMs)
    const { bytes, head } = encodeBlock(this.#chain, this.#head, lines, writtenAtMs)
    await this.#rotate(writtenAtMs)
    // The lock does not keep out a process of another container: its numbers of processes are its own.
    if ((await this.#file!.stat()).size !== this.#fileBytes) {
      throw new Error(`another process writes the audit log in ${this.#folder}: each needs an AUDIT_FOLDER of its own`)
    }
    await this.#file!.appendFile(bytes)
    await this.#file!.datasync()
    this.#fileBytes += bytes.length
    this.#head = head
    this.#writtenAtMs = writtenAtMs
    return bytes.length
  }

  async #rotate(writtenAtMs: number): Promise<void> {
    const isSameDay = dayOf(writtenAtMs) === dayOf(this.#writtenAtMs)
    if (this.#file && isSameDay && this.#fileBytes < this.#options.fileBytesMax) return
    await this.#file?.close()
    const { path } = auditFile(this.#folder, dayOf(writtenAtMs), this.#head.seq + 1)
    this.#file = await open(path, 'a', PRIVATE)
    this.#fileBytes = 0
    await syncFolder(this.#folder)
  }

  async #recover(file: AuditFile): Promise<void> {
    const { head, chain, writtenAtMs, tornAt, fault } = await recoverFile(file, (entry) =>
      this.#written.set(placeOf(entry), entry.offset),
    )
    if (fault !== null) {
      throw new ExpectedError(`${file.path}: ${fault}. Run \`smsgw audit verify\`, and move the damaged log elsewhere.`)
    }
    if (tornAt !== null) await truncate(file.path, tornAt)
    if (!head) return
    this.#head = head
    this.#chain = chain ?? this.#chain
    this.#writtenAtMs = writtenAtMs ?? this.#writtenAtMs
  }
}

/** Lines in the portions that a block may hold. */
function* blocksOfLines(lines: readonly string[]): Generator<string[]> {
  let block: string[] = []
  let textBytes = 0
  for (const line of lines) {
    const bytes = Buffer.byteLength(line) + 1
    if (block.length > 0 && (textBytes + bytes > BLOCK_TEXT_BYTES_MAX || block.length === BLOCK_LINES_MAX)) {
      yield block
      block = []
      textBytes = 0
    }
    block.push(line)
    textBytes += bytes
  }
  if (block.length > 0) yield block
}

function placeOf({ topic, partition }: AuditEntry): string {
  return `${topic}[${partition}]`
}

/** So that the name of a new file survives a loss of power as well. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
