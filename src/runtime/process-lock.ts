import { createHash } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { ExpectedError } from './expected-error.ts'
import { identityOf, type ProcessIdentity, startedAtMs } from './process-identity.ts'

const TRIES_MAX = 100
const TRY_AGAIN_MS = 20
/** Clocks of files and processes differ by less. */
const CLOCK_SLACK_MS = 2_000

export interface LockOptions {
  /** The sentence for the user when another process has the lock. */
  readonly refusal: (pid: number) => string
  /** Called with what was found when a lock without a living owner is taken over. */
  readonly notify?: (what: string) => void
}

/**
 * Takes a lock file for this process; returns how to release it. The lock names its owner by number and start, so a
 * process that was given the number of a dead owner does not hold it; one that is empty or torn has no owner; and
 * the lock of this process itself is taken again. The file appears with its content, by a link, and is replaced by a
 * rename, so of several processes exactly one gets it. Blocks for two seconds at most. Throws ExpectedError.
 */
export function takeProcessLock(path: string, { refusal, notify }: LockOptions): () => void {
  const own = `${JSON.stringify(identityOf(process.pid))}\n`
  const part = `${path}.${process.pid}.part`
  rmSync(part, { force: true })
  writeFileSync(part, own, { flag: 'wx', mode: 0o600 })
  try {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (linked(part, path)) return () => release(path, own)
      const found = read(path)
      if (found === null) continue
      if (found === own) return () => release(path, own)
      const owner = ownerOf(found, path)
      if (owner !== null) throw new ExpectedError(refusal(owner))
      if (replaced(path, found, part)) {
        notify?.(`the lock ${path} was taken over: ${describe(found)}`)
        return () => release(path, own)
      }
      pause(TRY_AGAIN_MS)
    }
    throw new ExpectedError(`${path} changes hands all the time: several processes are starting on it. Start one.`)
  } finally {
    rmSync(part, { force: true })
  }
}

function linked(part: string, path: string): boolean {
  try {
    linkSync(part, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Replaces a lock without an owner, unless another process is about to or has. The right to replace this very lock is
 * a lock itself: only its holder touches the file, so what it has read is still there when it renames its own over it.
 */
function replaced(path: string, found: string, part: string): boolean {
  const releaseRight = takeRight(takeoverPath(path, found))
  if (releaseRight === null) return false
  try {
    if (read(path) !== found) return false
    renameSync(part, path)
    return true
  } finally {
    releaseRight()
  }
}

/** The lock of the right to replace a lock with this content. */
export function takeoverPath(path: string, content: string): string {
  return `${path}.${createHash('sha256').update(content).digest('hex').slice(0, 16)}.takeover`
}

function takeRight(path: string): (() => void) | null {
  try {
    return takeProcessLock(path, { refusal: (pid) => `process ${pid} takes it over` })
  } catch (error) {
    if (error instanceof ExpectedError) return null
    throw error
  }
}

/** Taking a lock is not asynchronous, as it comes before everything else. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function release(path: string, own: string): void {
  if (read(path) === own) rmSync(path, { force: true })
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The number of the process that holds a lock with this content; null if none does. */
function ownerOf(content: string, path: string): number | null {
  const named = parse(content)
  if (named === null) return null
  const { pid, started } = named
  const running = identityOf(pid)
  if (running === null) return null
  if (started !== undefined) return running.started === started ? pid : null
  return isEarlierGateway(pid, path) ? pid : null
}

/**
 * Until version 0.1 a lock was a number alone: it counts if a gateway has that number, and had it when the lock was
 * made.
 */
function isEarlierGateway(pid: number, path: string): boolean {
  if (pid === process.pid) return false
  try {
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.ts')) return false
    return startedAtMs(pid)! <= statSync(path).mtimeMs + CLOCK_SLACK_MS
  } catch {
    return false
  }
}

function parse(content: string): (Partial<ProcessIdentity> & { pid: number }) | null {
  try {
    const value: unknown = JSON.parse(content)
    if (typeof value === 'number') return { pid: value }
    const { pid, started } = value as ProcessIdentity
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : null
  } catch {
    return null
  }
}

function describe(content: string): string {
  const named = parse(content)
  return named === null ? 'it names no process' : `process ${named.pid}, which had it, is gone`
}
