import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'

const POLL_MS = 50
const GRACE_MS = 10_000
const GUARD = 'smsgw-guard'
/** The server, and its backends, which overwrite their command line. */
const POSTGRES = /^postgres:|(^|\/)postgres$/

/**
 * Ends processes of an earlier server that still use its data, because their guard was killed or because they outlived
 * the server's first process. Another server on the same data would be refused, or harm it. They get `signal` first, if
 * it is given; what remains after ten seconds, or cannot handle it, is killed.
 *
 * A process is known by what it is, never by a number that a file remembers: an argument of its command line, or the
 * folder that it works in, is `path`. PostgreSQL works in its data folder, however that was named to it.
 */
export async function endLeftovers(path: string, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const deadlineMs = performance.now() + GRACE_MS
  let next: NodeJS.Signals = signal
  while (true) {
    const pids = processesOf(path)
    if (pids.length === 0) return
    for (const pid of pids) sendSignal(pid, next)
    next = performance.now() > deadlineMs ? 'SIGKILL' : next
    if (performance.now() > deadlineMs + GRACE_MS) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Processes that use `path`; the shells that guard them end with them. */
export function processesOf(path: string): number[] {
  const realPath = existsSync(path) ? realpathSync(path) : path
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && usesPath(pid, path, realPath))
}

function usesPath(pid: number, path: string, realPath: string): boolean {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    if (args.includes(GUARD)) return false
    return args.includes(path) || (POSTGRES.test(args[0]!) && readlinkSync(`/proc/${pid}/cwd`) === realPath)
  } catch {
    // It has ended meanwhile, or belongs to another user.
    return false
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}
