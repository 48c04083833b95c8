import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  allBlocks,
  alteredOne,
  type Block,
  blocksOf,
  cutBehind,
  daysOf,
  entryAt,
  type Files,
  isSame,
  mulberry,
  namesOf,
  newKey,
  removeDay,
  totalBytes,
  writeFiles,
} from '../../test/audit/log-files.ts'
import { signAnchor } from './anchor.ts'
import { AuditLog } from './append-log.ts'
import { archiveDays, listArchived, readArchivedAnchors } from './archive-days.ts'
import { type AuditFile, listAuditFiles } from './audit-files.ts'
import { encodeBlock, HEADER_BYTES, linesOf, parseHeader } from './block.ts'
import { type ChainHead, EMPTY_CHAIN } from './chain.ts'
import { type AnchorSource, judgeAnchors, NO_ANCHORS } from './judge-anchors.ts'
import { type AuditVerdict, verifyAuditLog } from './verify-log.ts'

/*
  Goal: whatever an attacker without the key does to a log of a month is found. Method: one log of 30 days, anchored as
  the role does it, and 1,000 attempts on copies of it, 50 of each kind. A log that was not touched, and a month that
  was archived, are whole.
*/

const DAYS = 30
const TIMES = 50
const FIRST_MS = Date.parse('2026-11-01T00:00:00.000Z')
const DAY_MS = 86_400_000

const root = mkdtempSync(join(tmpdir(), 'smsgw-tampering-'))
afterAll(() => rmSync(root, { recursive: true, force: true }), 60_000)

const seed = Number(process.env.SEED ?? randomInt(2 ** 31))
const random = mulberry(seed)
const below = (limit: number): number => Math.floor(random() * limit)
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!

/** A log in memory: its files by name, and the anchors that were made of it. */
interface Month {
  readonly chain: string
  readonly files: ReadonlyMap<string, Buffer>
  readonly anchors: string[]
  readonly head: ChainHead
}

const key = newKey()
let month: Month
let other: Month

beforeAll(async () => {
  console.log(`tampering seed: ${seed} (SEED=${seed} repeats it)`)
  month = await writeMonth('month')
  other = await writeMonth('other')
}, 120_000)

const HOUR_OF_BLOCK = [1, 9, 23]

async function writeMonth(name: string): Promise<Month> {
  const folder = join(root, name)
  let nowMs = FIRST_MS
  const log = await AuditLog.open(folder, { fileBytesMax: 700, nowMs: () => nowMs })
  const anchors: string[] = []
  const anchor = (cause: 'interval' | 'day-end'): void => {
    const place = { chain: log.chain, serial: anchors.length + 1, at: new Date(nowMs).toISOString() }
    anchors.push(signAnchor(key, place, { kind: 'head', lines: log.head.seq, hash: log.head.hash, cause }))
  }
  let offset = 0
  for (let day = 0; day < DAYS; day++) {
    for (const hour of HOUR_OF_BLOCK) {
      nowMs = FIRST_MS + day * DAY_MS + hour * 3_600_000
      await log.append(Array.from({ length: 1 + below(6) }, () => entryAt(nowMs, offset++)))
      if (hour === 9) anchor('interval')
    }
    anchor('day-end')
  }
  const { chain, head } = log
  await log.close()
  const files = new Map(listAuditFiles(folder).map(({ path }) => [basename(path), readFileSync(path)]))
  return { chain, head, anchors, files }
}

/** Each takes a copy of the files and makes one change, as an attacker with write access and without the key could. */
const ATTACKS: Record<string, (files: Files) => void | Promise<void>> = {
  'a bit of any file changed': (files) => {
    const name = oneOf([...files.keys()])
    const bytes = Buffer.from(files.get(name)!)
    bytes[below(bytes.length)]! ^= 1 << below(8)
    files.set(name, bytes)
  },
  'a line edited within its frame, its block hashed again': (files) => editBlock(files, (lines) => edited(lines)),
  'a line removed from its block': (files) =>
    editBlock(files, (lines) =>
      lines.toSpliced(below(lines.length), lines.length > 1 ? 1 : 0, ...(lines.length > 1 ? [] : [edited(lines)[0]!])),
    ),
  'a line inserted': (files) => editBlock(files, (lines) => lines.toSpliced(below(lines.length + 1), 0, lines[0]!)),
  'a block removed': (files) => changeBlocks(files, (blocks) => blocks.toSpliced(below(blocks.length), 1)),
  'a block repeated': (files) =>
    changeBlocks(files, (blocks) => blocks.toSpliced(below(blocks.length + 1), 0, oneOf(blocks))),
  'a block moved to another place': (files) => {
    const all = allBlocks(files)
    const [from, to] = twoOf(all)
    const [a, b] = [from.block.bytes, to.block.bytes]
    const names = new Set([from.name, to.name])
    for (const name of names) {
      const blocks = blocksOf(files.get(name)!).map(({ bytes }) => (bytes.equals(a) ? b : bytes.equals(b) ? a : bytes))
      files.set(name, Buffer.concat(blocks))
    }
  },
  'a block of another chain inserted': (files) => {
    const foreign = oneOf(allBlocks(new Map(other.files))).block.bytes
    changeBlocks(files, (blocks) => blocks.toSpliced(below(blocks.length + 1), 0, { ...blocks[0]!, bytes: foreign }))
  },
  'the tail cut off at any byte': (files) => {
    const names = [...files.keys()].sort()
    let left = 1 + below(totalBytes(files))
    for (const name of names.reverse()) {
      const bytes = files.get(name)!
      if (bytes.length > left) {
        files.set(name, bytes.subarray(0, bytes.length - left))
        return
      }
      left -= bytes.length
      files.delete(name)
    }
  },
  'the tail cut off behind a block': (files) => {
    const at = below(allBlocks(files).length - 1) + 1
    cutBehind(files, at)
  },
  'the last days removed': (files) => {
    const days = daysOf(files)
    for (const day of days.slice(below(days.length))) removeDay(files, day)
  },
  'the first days removed': (files) => {
    for (const day of daysOf(files).slice(0, 1 + below(DAYS - 1))) removeDay(files, day)
  },
  'a file of a day removed': (files) => void files.delete(oneOf([...files.keys()])),
  'a day removed': (files) => removeDay(files, oneOf(daysOf(files))),
  'two files exchanged': (files) => {
    const [a, b] = twoOf([...files.keys()])
    const [first, second] = [files.get(a)!, files.get(b)!]
    files.set(a, second).set(b, first)
  },
  'a day repeated under another name': (files) => {
    const [from, to] = twoOf(daysOf(files))
    for (const name of namesOf(files, from)) files.set(name.replace(from, to), files.get(name)!)
  },
  'a file named for another day or line': (files) => {
    const name = oneOf([...files.keys()])
    const bytes = files.get(name)!
    files.delete(name)
    const day = name.slice(6, 16)
    const seq = Number(name.slice(17, 29))
    const named =
      random() < 0.5 ? [oneOf(daysOf(files).filter((each) => each !== day)), seq] : [day, seq + 1 + below(3)]
    files.set(`audit-${named[0]}-${String(named[1]).padStart(12, '0')}.zst`, bytes)
  },
  'the chain rewritten from end to end, with other lines': (files) => rewrite(files, month.chain, 0),
  'the chain rewritten from some block on': (files) =>
    rewrite(files, month.chain, 1 + below(allBlocks(files).length - 2)),
  'the chain rewritten as one of another id': (files) => rewrite(files, 'ab'.repeat(16), 0),
}

const found: Record<string, string> = {}
afterAll(() => console.log(`found, of ${TIMES} each (seed ${seed}):`, found))

test('a month that was not touched is whole', async () => {
  const verdict = await verify(month.files)
  expect(verdict).toMatchObject({ fault: null, head: month.head.hash, unanchored: { lines: 0 } })
  expect(verdict.entries).toBe(month.head.seq)
})

test.each(Object.entries(ATTACKS))('found each time: %s', { timeout: 120_000 }, async (name, attack) => {
  let count = 0
  for (let times = 0; times < TIMES; times++) {
    const files = new Map(month.files)
    await attack(files)
    expect(isSame(files, month.files), `${name} did nothing`).toBe(false)
    if ((await verify(files)).fault !== null) count++
  }
  found[name] = `${count}`
  expect(count).toBe(TIMES)
})

const stores = (of: (texts: string[], store: string) => readonly string[]): AnchorSource[] =>
  ['PostgreSQL', 'Kafka'].map((name) => ({ name, isWhole: true, texts: of([...month.anchors], name) }))

test.each<[string, () => AnchorSource[]]>([
  ['one removed from both stores', () => removeAnchors(1 + below(month.anchors.length - 2))],
  ['one altered', () => stores((texts, store) => (store === 'Kafka' ? texts : alteredOne(texts, below(texts.length))))],
  ['one of a stranger', () => stores((texts) => [...texts, strangersAnchor()])],
  [
    'a rewritten chain signed with the key, while Kafka keeps what it had',
    () => stores((texts, store) => (store === 'Kafka' ? texts : resigned(texts))),
  ],
])('anchors: %s is found', { timeout: 60_000 }, async (name, change) => {
  for (let times = 0; times < TIMES; times++) expect((await verify(month.files, change())).fault).not.toBeNull()
  found[`anchors: ${name}`] = `${TIMES}`
})

test('lines behind the last anchor are counted, and said to be unjudged', async () => {
  const last = month.anchors.length - 1
  const verdict = await verify(month.files, removeAnchors(last))
  expect(verdict.fault).toBeNull()
  expect(verdict.unanchored.lines).toBeGreaterThan(0)
  // From nine in the morning to eleven at night.
  expect(verdict.unanchored.seconds).toBe(14 * 3_600)
})

test('a month archived is whole, with its log and alone; what is missing or changed of it is found', async () => {
  const { folder, archive, sources } = await archiveTo('2026-11-25')
  const archived = await listArchived(archive, month.chain)
  const whole = await verifyFolder(folder, { sources, archived })
  expect(whole).toMatchObject({ fault: null, entries: month.head.seq, firstLine: 1, unanchored: { lines: 0 } })
  const rest = await verifyFolder(folder, { sources })
  expect(rest).toMatchObject({ fault: null, firstLine: archived.length > 0 ? firstLineOf('2026-11-25') : 0 })
  // On another machine, which has nothing but the archive and the public key.
  const offline = [{ name: 'archive', isWhole: false, texts: await readArchivedAnchors(archive) }]
  const alone = { sources: offline, archived, isArchiveAlone: true }
  expect(await verifyFolder(join(root, 'none'), alone)).toMatchObject({ fault: null, firstLine: 1 })

  for (const day of new Set(archived.map((file) => file.day))) {
    const without = archived.filter((file) => file.day !== day)
    expect((await verifyFolder(folder, { sources, archived: without })).fault, `without ${day}`).not.toBeNull()
  }
  for (let times = 0; times < TIMES; times++) {
    const { path } = oneOf(archived)
    const bytes = readFileSync(path)
    const altered = Buffer.from(bytes)
    altered[below(bytes.length)]! ^= 1 << below(8)
    writeFileSync(path, altered)
    expect((await verifyFolder(folder, { sources, archived })).fault).not.toBeNull()
    expect((await verifyFolder(join(root, 'none'), alone)).fault).not.toBeNull()
    writeFileSync(path, bytes)
  }
  found['archive: a day missing'] = String(new Set(archived.map((file) => file.day)).size)
  found['archive: a bit changed'] = `${TIMES}`
}, 120_000)

test('archiving that was broken off anywhere is finished by running it again', { timeout: 120_000 }, async () => {
  for (let stop = 1; ; stop++) {
    const steps = { left: stop }
    const first = await archiveTo('2026-11-08', steps).catch((error: Error) => error.message)
    if (typeof first !== 'string') break
    const { folder, archive, sources } = await archiveTo('2026-11-08', undefined, lastFolders)
    const archived = await listArchived(archive, month.chain)
    const verdict = await verifyFolder(folder, { sources, archived })
    expect(verdict).toMatchObject({ fault: null, entries: month.head.seq, notices: [] })
    expect(new Set(archived.map(({ day }) => day)).size).toBe(7)
    expect(listAuditFiles(folder)[0]!.day).toBe('2026-11-08')
    expect(await archiveTo('2026-11-08', undefined, lastFolders).then(({ days }) => days)).toEqual([])
  }
})

let lastFolders: { folder: string; archive: string; removals: string[] }
let archives = 0

async function archiveTo(beforeDay: string, steps?: { left: number }, resumed?: typeof lastFolders) {
  const folders = resumed ?? {
    folder: copyOfMonth(join(root, `log-${archives}`)),
    archive: join(root, `archive-${archives++}`),
    removals: [] as string[],
  }
  lastFolders = folders
  const { folder, archive, removals } = folders
  const step = (): void => {
    if (steps && --steps.left === 0) throw new Error('broken off')
  }
  const days = await archiveDays(folder, {
    archive,
    chain: month.chain,
    beforeDay,
    state: async ({ seq: lines, hash }) => {
      step()
      const place = {
        chain: month.chain,
        serial: month.anchors.length + removals.length + 1,
        at: '2026-12-01T00:00:00.000Z',
      }
      const isStated = removals.some((text) => text.includes(`"lines":${lines},`))
      if (!isStated) removals.push(signAnchor(key, place, { kind: 'removed', lines, hash, cause: 'archived' }))
      step()
    },
    anchorsOf: async () => {
      step()
      return [...month.anchors, ...removals]
    },
    progress: step,
  })
  const sources = stores((texts) => [...texts, ...removals])
  return { folder, archive, sources, days }
}

function copyOfMonth(folder: string): string {
  mkdirSync(folder)
  for (const [name, bytes] of month.files) writeFileSync(join(folder, name), bytes)
  return folder
}

const firstLineOf = (day: string): number =>
  Math.min(...namesOf(new Map(month.files), day).map((name) => Number(name.slice(17, 29))))

function verify(files: ReadonlyMap<string, Buffer>, sources = stores((texts) => texts)): Promise<AuditVerdict> {
  return verifyFolder(writeFiles(files, join(root, 'work')), { sources })
}

interface Given {
  readonly sources: readonly AnchorSource[]
  readonly archived?: readonly AuditFile[]
  readonly isArchiveAlone?: boolean
}

async function verifyFolder(folder: string, { sources, ...options }: Given): Promise<AuditVerdict> {
  const judged = judgeAnchors(sources, [key.publicKey])
  const verdict = await verifyAuditLog(folder, { ...options, anchorsOf: (chain) => judged.get(chain) ?? NO_ANCHORS })
  // A folder without any line is judged by the command: whose chain it was, only the anchors know.
  const isGone = verdict.chain === null && verdict.entries === 0
  return isGone ? { ...verdict, fault: { file: null, line: 1, what: 'nothing is there' } } : verdict
}

function changeBlocks(files: Files, change: (blocks: Block[]) => Block[]): void {
  const name = oneOf([...files.keys()])
  files.set(name, Buffer.concat(change(blocksOf(files.get(name)!)).map(({ bytes }) => bytes)))
}

/** Changes the lines of one block, and gives it the header and hash that fit. */
async function editBlock(files: Files, change: (lines: string[]) => string[]): Promise<void> {
  const { name, block } = oneOf(allBlocks(files))
  const header = parseHeader(block.bytes)!
  const lines = change(linesOf(block.bytes.subarray(HEADER_BYTES), block.lines))
  const head = { seq: block.firstSeq - 1, hash: header.prev }
  const { bytes } = encodeBlock(month.chain, head, lines, block.writtenAtMs)
  const blocks = blocksOf(files.get(name)!).map((each) => (each.firstSeq === block.firstSeq ? bytes : each.bytes))
  files.set(name, Buffer.concat(blocks))
}

function edited(lines: readonly string[]): string[] {
  const at = below(lines.length)
  return lines.with(at, lines[at]!.replace('sms.status.sent', 'sms.status.lost'))
}

/** Writes the chain anew from a block on: an edited line there, every hash behind it as it has to be. */
async function rewrite(files: Files, chain: string, from: number): Promise<void> {
  let head: ChainHead = EMPTY_CHAIN
  const anew = new Map<string, Buffer[]>()
  for (const [index, { name, block }] of allBlocks(files).entries()) {
    const lines = linesOf(block.bytes.subarray(HEADER_BYTES), block.lines)
    const written = encodeBlock(chain, head, index === from ? edited(lines) : lines, block.writtenAtMs)
    head = written.head
    anew.set(name, [...(anew.get(name) ?? []), written.bytes])
  }
  for (const [name, blocks] of anew) files.set(name, Buffer.concat(blocks))
}

function twoOf<T>(list: readonly T[]): [T, T] {
  const first = below(list.length)
  return [list[first]!, list[(first + 1 + below(list.length - 1)) % list.length]!]
}

const removeAnchors = (serial: number): AnchorSource[] => stores((texts) => texts.toSpliced(serial, 1))

function strangersAnchor(): string {
  const stranger = newKey()
  const place = { chain: month.chain, serial: month.anchors.length + 1, at: '2026-12-01T00:00:00.000Z' }
  return signAnchor(stranger, place, { kind: 'head', lines: month.head.seq, hash: month.head.hash, cause: 'interval' })
}

/** What root on the machine of the log can do, with the key and write access to PostgreSQL. */
function resigned(texts: readonly string[]): string[] {
  const serial = 1 + below(texts.length)
  const place = { chain: month.chain, serial, at: '2026-11-30T23:59:59.000Z' }
  return texts.with(
    serial - 1,
    signAnchor(key, place, { kind: 'head', lines: month.head.seq, hash: 'f'.repeat(64), cause: 'interval' }),
  )
}
