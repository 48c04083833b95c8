import { isSameFile } from '../runtime/same-file.ts'
import { type AuditFile, dayOf, listAuditFiles } from './audit-files.ts'
import { linesOf } from './block.ts'
import { type ChainPlace, EMPTY_CHAIN, followLine, prevOf } from './chain.ts'
import { compareAnchors } from './compare-anchors.ts'
import type { ChainAnchors } from './judge-anchors.ts'
import { type ReadBlock, readBlocks } from './read-blocks.ts'
import { readLines } from './read-lines.ts'

export interface AuditFault {
  /** Null where the fault is not in a file, as with lines that are missing at the end. */
  readonly file: string | null
  /** Number of the line in the log at which the fault begins; 0 where that is not known. */
  readonly line: number
  readonly what: string
}

export interface AuditVerdict {
  /** Id of the chain; null for a log that has no block. */
  readonly chain: string | null
  readonly entries: number
  readonly files: number
  /** Number of the first line that is there. */
  readonly firstLine: number
  /** Hash of the last line or block. */
  readonly head: string
  /** What the last anchor covers; null if no anchors were given, or there is none. */
  readonly anchored: { readonly lines: number; readonly at: string } | null
  /** Lines behind the last anchor, which nothing can be said of, and seconds from it to the last of them. */
  readonly unanchored: { readonly lines: number; readonly seconds: number }
  readonly notices: readonly string[]
  /** The first fault; null if there is none. */
  readonly fault: AuditFault | null
}

export interface VerifyOptions {
  /** Archived files of the same chain; given, archived days must be there. */
  readonly archived?: readonly AuditFile[]
  /** The anchors of a chain. Without them only the chain within the files is verified: a cut tail is not found. */
  readonly anchorsOf?: (chain: string) => ChainAnchors
  /** True for an archive without the log that it came from: anchors behind the last archived day are ignored. */
  readonly isArchiveAlone?: boolean
  readonly progress?: ((entries: number) => void) | undefined
}

class Fault extends Error {
  readonly fault: AuditFault

  constructor(file: AuditFile | null, line: number, what: string) {
    super(what)
    this.fault = { file: file?.path ?? null, line, what }
  }
}

/**
 * Verifies a log up to its first fault: every byte of its blocks, that they follow each other from the first line on,
 * and that the chain is the one that the anchors name. A log that does not begin with line 1 must begin where a signed
 * anchor of the kind `removed` says. Memory holds one block, and the places of the blocks that anchors name.
 */
export async function verifyAuditLog(folder: string, options: VerifyOptions = {}): Promise<AuditVerdict> {
  const walk = new ChainWalk(options)
  let fault: AuditFault | null = null
  try {
    await walk.run(listAuditFiles(folder))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    fault = error.fault
  }
  return walk.verdict(fault)
}

class ChainWalk {
  readonly #options: VerifyOptions
  readonly #notices: string[] = []
  #anchors: ReturnType<typeof compareAnchors> | null = null
  #chain: string | null = null
  #firstLine = 1
  #place: ChainPlace = { ...EMPTY_CHAIN, writtenAtMs: null }
  #lines = 0
  #files = 0

  constructor(options: VerifyOptions) {
    this.#options = options
  }

  async run(live: readonly AuditFile[]): Promise<void> {
    const files = this.#merge(live, this.#options.archived ?? [])
    this.#files = files.length
    await this.#begin(files)
    for (const [index, file] of files.entries()) {
      if (file.day === null) await this.#followPlain(file)
      else this.#followBlocks(file, index === files.length - 1)
    }
    if (this.#anchors) {
      const missing = this.#anchors.end(this.#place)
      if (missing) throw new Fault(null, this.#place.seq + 1, missing)
    }
  }

  verdict(fault: AuditFault | null): AuditVerdict {
    const anchored = this.#anchors?.last ?? null
    const lines = this.#anchors ? Math.max(0, this.#place.seq - (anchored?.lines ?? 0)) : this.#lines
    const sinceMs = anchored && lines > 0 ? (this.#place.writtenAtMs ?? 0) - Date.parse(anchored.at) : 0
    return {
      chain: this.#chain,
      entries: this.#lines,
      files: this.#files,
      firstLine: this.#firstLine,
      head: this.#place.hash,
      anchored: anchored && { lines: anchored.lines, at: anchored.at },
      unanchored: { lines, seconds: Math.max(0, Math.round(sinceMs / 1_000)) },
      notices: [...this.#notices, ...(this.#anchors?.notices ?? [])],
      fault,
    }
  }

  /** Of a day that an archiving left in both places, the archived copy counts, if it is the same. */
  #merge(live: readonly AuditFile[], archived: readonly AuditFile[]): AuditFile[] {
    const kept = live.filter((file) => {
      const copy = archived.find(({ firstSeq, day }) => firstSeq === file.firstSeq && day === file.day)
      if (!copy || !isSameFile(copy.path, file.path)) return true
      this.#notices.push(`${file.path} is in the archive as well: an archiving was broken off; start it again`)
      return false
    })
    return [...kept, ...archived].sort((a, b) => a.firstSeq - b.firstSeq || (a.path < b.path ? -1 : 1))
  }

  /** Finds which chain it is, and that nothing is missing before the first line. */
  async #begin(files: readonly AuditFile[]): Promise<void> {
    const { anchorsOf, archived, isArchiveAlone } = this.#options
    const which = isArchiveAlone ? 'archive' : archived ? 'log-and-archive' : 'log'
    this.#chain = chainOf(files)
    if (anchorsOf && this.#chain !== null) {
      const judged = anchorsOf(this.#chain)
      this.#anchors = compareAnchors(judged, which)
      if (judged.faults[0] !== undefined) throw new Fault(null, 0, judged.faults[0])
      if (judged.anchors.length === 0) throw new Fault(null, 0, `no anchor names this chain, ${this.#chain}`)
    } else if (anchorsOf && files.length > 0) {
      this.#notices.push('the log has no block yet, as one of an earlier version: anchors begin with the next line')
    }
    const first = files[0]
    if (!first || first.firstSeq === 1) return
    const begins = `begins with line ${first.firstSeq}`
    if (!this.#anchors?.allowsBeginning(first.firstSeq)) {
      throw new Fault(first, first.firstSeq, `${begins}: the files before it are missing`)
    }
    this.#firstLine = first.firstSeq
    const prev = await firstPrevOf(first)
    this.#place = { seq: first.firstSeq - 1, hash: prev, writtenAtMs: null }
    this.#check(first, this.#anchors.begin(this.#place))
    this.#notices.push(`${begins}: earlier days were removed, as a signed anchor says`)
  }

  #followBlocks(file: AuditFile, isLast: boolean): void {
    let isFirst = true
    for (const block of readBlocks(file.path)) {
      if (block.kind === 'block') this.#followBlock(file, block, isFirst)
      else if (block.kind === 'torn' && isLast && !this.#options.isArchiveAlone) {
        const torn = `the last ${block.bytes} bytes of ${file.path} are no whole block: a crash, or it is being written`
        this.#notices.push(torn)
      } else throw new Fault(file, this.#place.seq + 1, `is damaged: no whole block at byte ${block.startsAt}`)
      isFirst = false
    }
  }

  #followBlock(file: AuditFile, block: Extract<ReadBlock, { kind: 'block' }>, isFirst: boolean): void {
    const { header, payload, isIntact } = block
    const line = this.#place.seq + 1
    if (!isIntact) throw new Fault(file, line, 'was altered: the hash of its block does not fit')
    if (header.chain !== this.#chain) throw new Fault(file, line, `is of another chain, ${header.chain}`)
    if (header.firstSeq !== line) throw new Fault(file, line, `is missing, as line ${header.firstSeq} comes next`)
    if (header.prev !== this.#place.hash) throw new Fault(file, line, 'does not follow the block before it')
    if (isFirst && file.firstSeq !== line) throw new Fault(file, line, 'is in a file that is named for another line')
    if (dayOf(header.writtenAtMs) !== file.day) throw new Fault(file, line, 'is in a file of another day')
    if (!holdsLines(payload, header.lines)) {
      throw new Fault(file, line, 'is in a block that does not hold what it says')
    }
    this.#advance(file, { seq: line - 1 + header.lines, hash: header.hash, writtenAtMs: header.writtenAtMs })
  }

  async #followPlain(file: AuditFile): Promise<void> {
    if (file.firstSeq !== this.#place.seq + 1) {
      throw new Fault(file, this.#place.seq + 1, `is missing, as line ${file.firstSeq} comes next`)
    }
    for await (const { text, complete } of readLines(file.path)) {
      const line = this.#place.seq + 1
      if (!complete) throw new Fault(file, line, 'is torn: a crash broke it off')
      const next = followLine(this.#place, text)
      if (typeof next === 'string') throw new Fault(file, line, next)
      this.#advance(file, { ...next, writtenAtMs: null })
    }
  }

  #advance(file: AuditFile, place: ChainPlace): void {
    const before = this.#lines
    this.#lines += place.seq - this.#place.seq
    this.#place = place
    if (this.#anchors) this.#check(file, this.#anchors.passed(place))
    if (Math.floor(before / 10_000) !== Math.floor(this.#lines / 10_000)) this.#options.progress?.(this.#lines)
  }

  #check(file: AuditFile, contradiction: string | null): void {
    if (contradiction !== null) throw new Fault(file, this.#place.seq, contradiction)
  }
}

/** The chain that the blocks of a log name; null if there are none. */
export function chainOf(files: readonly AuditFile[]): string | null {
  for (const file of files.filter(({ day }) => day !== null)) {
    for (const block of readBlocks(file.path)) {
      if (block.kind === 'block') return block.header.chain
      break
    }
  }
  return null
}

function holdsLines(payload: Buffer, lines: number): boolean {
  try {
    return linesOf(payload, lines).length === lines
  } catch {
    return false
  }
}

async function firstPrevOf(file: AuditFile): Promise<string> {
  if (file.day === null) for await (const { text } of readLines(file.path)) return prevOf(text)
  else for (const block of readBlocks(file.path)) return block.kind === 'block' ? block.header.prev : ''
  return ''
}
