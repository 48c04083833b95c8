import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer } from '../../../src/process/supervisor/supervision-messages.ts'
import { eventually } from '../../gateway/eventually.ts'

const ROOT = join(import.meta.dirname, '../../..')
const MAIN = join(ROOT, 'src/main.ts')
const RESTART_MS = 500
const READY_MS_MAX = 300_000
const STOP_MS_MAX = 12_000
/** Characters. */
const LAST_WORDS_MAX = 500

export interface RoleProcessOptions {
  readonly name: string
  /** Arguments of the command line, as in `run worker`. */
  readonly args: readonly string[]
  /** Modules that are loaded before it. */
  readonly preloads: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly logFile: string
}

/**
 * A process of the gateway under test. One that ends by itself is started again, as a supervisor would; one that was
 * killed here stays down until it is revived. It ends with us: it sees its channel to us break.
 */
export class RoleProcess {
  readonly #options: RoleProcessOptions
  #child: ChildProcess | null = null
  #exited: Promise<void> = Promise.resolve()
  #isReady = false
  #wanted = false
  #restart: NodeJS.Timeout | null = null
  /** Its last output before each unexpected end. */
  readonly crashes: string[] = []

  constructor(options: RoleProcessOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#options.name
  }

  start(): void {
    this.#wanted = true
    this.#spawn()
  }

  /** Resolves when it does its work, however often it had to be started for that. Throws when it takes too long. */
  async untilReady(): Promise<void> {
    await eventually(
      `${this.name} is ready (log: ${this.#options.logFile})`,
      () => this.#isReady,
      (isReady) => isReady,
      READY_MS_MAX,
    )
  }

  /** Ends it at once, and keeps it down until `start`. */
  async kill(): Promise<void> {
    this.#wanted = false
    if (this.#restart) clearTimeout(this.#restart)
    this.#child?.kill('SIGKILL')
    await this.#exited
  }

  /** SIGSTOP and SIGCONT: it is frozen, and does not know. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  async stop(): Promise<void> {
    this.#wanted = false
    if (this.#restart) clearTimeout(this.#restart)
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
    await this.#exited
    clearTimeout(timer)
  }

  #spawn(): void {
    const { args, preloads, env, logFile } = this.#options
    const log = openSync(logFile, 'a')
    const imports = preloads.flatMap((path) => ['--import', path])
    const child = spawn(process.execPath, [...imports, MAIN, ...args], {
      cwd: ROOT,
      env,
      stdio: ['ignore', log, log, 'ipc'],
      // A group of its own: Ctrl-C at the terminal reaches us alone, and we stop everything in order.
      detached: true,
    })
    closeSync(log)
    this.#child = child
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()))
    this.#isReady = false
    child.on('message', (answer: Answer) => {
      if (answer.kind === 'ready') this.#isReady = this.#child === child
    })
    child.once('exit', () => this.#ended())
  }

  #ended(): void {
    this.#isReady = false
    if (!this.#wanted) return
    this.crashes.push(
      readFileSync(this.#options.logFile, 'utf8').trimEnd().split('\n').at(-1)!.slice(0, LAST_WORDS_MAX),
    )
    this.#restart = setTimeout(() => this.#spawn(), RESTART_MS)
  }
}
