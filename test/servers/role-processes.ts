import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../src/embedded/free-port.ts'
import { eventually } from '../gateway/eventually.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Generous: on a busy machine ten processes that start at once take minutes. */
const READY_MS_MAX = 180_000
/** Of a process's log the first lines are kept: what it says of its settings. */
const LOG_LINES_MAX = 200

interface RoleProcess {
  readonly child: ChildProcess
  readonly adminPort: number
  readonly exited: Promise<number | null>
  readonly log: readonly string[]
}

/** Roles as processes of their own, started and stopped as a test wants. */
export class RoleProcesses {
  readonly #env: NodeJS.ProcessEnv
  readonly #folder: string
  readonly #processes = new Map<string, RoleProcess>()

  /** The folder is that of the gateway whose roles are started: the project's own, or the image's. */
  constructor(env: NodeJS.ProcessEnv, folder = ROOT) {
    this.#env = { ...process.env, ...env }
    this.#folder = folder
  }

  /** Starts `smsgw ARGS…`, and for `run` waits until it is ready. */
  async start(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
    const adminPort = await freePort()
    const child = spawn(process.execPath, [join(this.#folder, 'src/main.ts'), ...args], {
      cwd: this.#folder,
      env: { ...this.#env, ADMIN_PORT: String(adminPort), ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const log: string[] = []
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (log.length < LOG_LINES_MAX) log.push(line)
    })
    this.#processes.set(name, { child, adminPort, exited, log })
    if (args[0] !== 'run') return
    const isReady = await eventually(
      `${name} is ready or has exited`,
      () => this.#isReady(adminPort),
      (ready) => ready || child.exitCode !== null,
      READY_MS_MAX,
    )
    if (!isReady) throw new Error(`${name} exited with ${child.exitCode} before it was ready`)
  }

  /** Lets it finish what it has begun. Returns its exit code. */
  async stop(name: string): Promise<number | null> {
    const found = this.#processes.get(name)
    if (!found) return null
    this.#processes.delete(name)
    if (found.child.exitCode === null) found.child.kill('SIGTERM')
    return found.exited
  }

  /** Ends it as a crash would. */
  async kill(name: string): Promise<void> {
    const { child, exited } = this.#processes.get(name)!
    this.#processes.delete(name)
    child.kill('SIGKILL')
    await exited
  }

  /** The first lines of its log. */
  log(name: string): readonly string[] {
    return this.#processes.get(name)!.log
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((name) => this.stop(name)))
  }

  /** The value of a metric without labels of its own. */
  async metric(name: string, metric: string): Promise<number> {
    const { adminPort } = this.#processes.get(name)!
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
    const line = text.split('\n').find((each) => each.startsWith(`${metric}{`))
    return Number(line?.split(' ').at(-1))
  }

  async #isReady(adminPort: number): Promise<boolean> {
    return await fetch(`http://127.0.0.1:${adminPort}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  }
}
