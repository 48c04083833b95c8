import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { identityOf } from '../../../src/runtime/process-identity.ts'

const ROOT = join(import.meta.dirname, '../../..')
/** Below the checkout, so that each checkout has servers of its own. */
export const KEPT_FOLDER = join(ROOT, '.smsgw/test-servers')
export const STATE_FILE = join(KEPT_FOLDER, 'servers.json')
/** What decides how the servers run: when it changes, they are replaced. */
const SOURCES = ['src/embedded', 'src/kafka/brokers', 'test/servers/kept', 'test/servers/contract-servers.ts']

/** Servers that stay up between runs of tests, as the process that keeps them writes it down. */
export interface KeptState {
  readonly pid: number
  /** Distinguishes this process from a later one with the same number; see `identityOf`. */
  readonly started: string
  readonly fingerprint: string
  readonly kafkaBrokers: string
  readonly databaseUrl: string
}

/** What the state file says; null when the process that wrote it is gone, even if another process has its number. */
export function readKeptState(file = STATE_FILE): KeptState | null {
  if (!existsSync(file)) return null
  const state = JSON.parse(readFileSync(file, 'utf8')) as KeptState
  return identityOf(state.pid)?.started === state.started ? state : null
}

/** A hash of the source that starts the servers. */
export function fingerprintOfServers(): string {
  const files = SOURCES.flatMap((source) => {
    const path = join(ROOT, source)
    if (statSync(path).isFile()) return [path]
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  })
  const digest = createHash('sha256').update(process.version)
  for (const file of files.sort()) digest.update(file).update(readFileSync(file))
  return digest.digest('hex').slice(0, 16)
}

/** The keeping process ends when no run has used its servers for a while: a run in progress says so by this. */
export function markUsed(): void {
  const now = new Date()
  if (existsSync(STATE_FILE)) utimesSync(STATE_FILE, now, now)
}
