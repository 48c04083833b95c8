import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname } from 'node:path'

/**
 * Keeps one native server from outliving us. It runs beside a small shell that holds the other end of our pipe: when
 * we die, however suddenly, the pipe ends and the shell stops the server, by force after a while.
 * Arguments: the signal that stops the server, then its command line. The server's pid goes to descriptor 4.
 */
const GUARD = `
signal=$1; shift
exec 3<&0
"$@" </dev/null 3<&- 4>&- &
server=$!
echo $server >&4
exec 4>&-
trap 'kill -s "$signal" $server 2>/dev/null' TERM INT
( cat <&3 >/dev/null; kill -s "$signal" $server; sleep 20; kill -s KILL $server ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
code=0
while kill -0 $server 2>/dev/null; do wait $server; code=$?; done
kill $watcher 2>/dev/null
exit $code
`

export interface GuardedServerOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly logFile: string
  readonly stopSignal: 'TERM' | 'INT'
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Run as another user; only root may ask for that. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Files of ours that the server inherits, as its descriptors from the fifth on. */
  readonly descriptors?: readonly number[]
}

/** A native server process that ends when we do. */
export class GuardedServer {
  /** Resolves when the server has ended, with how: `code 1`, `signal SIGKILL`. */
  readonly exited: Promise<string>
  readonly #guard: ChildProcess
  #pid = 0
  #hasExited = false

  private constructor(guard: ChildProcess) {
    this.#guard = guard
    this.exited = new Promise((resolve) => {
      guard.once('exit', (code, signal) => {
        this.#hasExited = true
        // A guard that was killed has left the server behind, and nothing else would end it.
        if (signal !== null && this.#pid > 0) this.kill()
        resolve(howItEnded(code, signal))
      })
    })
  }

  static async start(options: GuardedServerOptions): Promise<GuardedServer> {
    mkdirSync(dirname(options.logFile), { recursive: true, mode: 0o700 })
    const log = openSync(options.logFile, 'a', 0o600)
    const guard = spawn('/bin/sh', ['-c', GUARD, 'smsgw-guard', options.stopSignal, options.command, ...options.args], {
      stdio: ['pipe', log, log, 'ignore', 'pipe', ...(options.descriptors ?? [])],
      // A group of its own: Ctrl-C at the terminal reaches us alone, and we stop the servers in order.
      detached: true,
      cwd: options.cwd,
      env: options.env ?? process.env,
      ...options.user,
    })
    closeSync(log)
    const server = new GuardedServer(guard)
    server.#pid = await readPid(guard)
    return server
  }

  /** The server's own process id, for benchmarks and fault injection. */
  get pid(): number {
    return this.#pid
  }

  get hasExited(): boolean {
    return this.#hasExited
  }

  /** Ends the server at once. */
  kill(): void {
    try {
      process.kill(this.#pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }

  /** Stops the server as it likes to be stopped; by force after `graceMs`. */
  async stop(graceMs = 15_000): Promise<void> {
    if (this.#hasExited) return
    this.#guard.kill('SIGTERM')
    const timer = setTimeout(() => this.kill(), graceMs)
    await this.exited
    clearTimeout(timer)
  }
}

/** A shell reports a signal that ended its child as 128 and the signal's number. */
function howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
  if (code === null || code <= 128) return code === null ? `signal ${signal}` : `code ${code}`
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0]
  return name ? `signal ${name}` : `code ${code}`
}

async function readPid(guard: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    guard.once('error', reject)
    const pipe = guard.stdio[4] as NodeJS.ReadableStream
    pipe.once('data', (line: Buffer) => resolve(Number(line.toString())))
    pipe.once('end', () => reject(new Error('the server did not start')))
  })
}
