import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { ExpectedError } from '../../runtime/expected-error.ts'
import type { HealthReport } from '../../runtime/health.ts'
import type { Answer, Question } from './supervision-messages.ts'

const MAIN = join(import.meta.dirname, '../../main.ts')
/** Nearly all that these processes allocate dies within milliseconds: room for it to do so before it is collected. */
const YOUNG_GENERATION = '--max-semi-space-size=64'
const ANSWER_TIMEOUT_MS = 2_000
const STOP_TIMEOUT_MS = 7_000
const RESTART_MS_FIRST = 250
/** A process that has never been ready is given up after as many. */
const START_CRASHES_MAX = 3
const RESTART_MS_MAX = 10_000
/** A process that ran this long before it ended is started again at once. */
const SETTLED_MS = 30_000

export interface SupervisedOptions {
  readonly name: string
  /** Arguments of the command line, as in `run api relay`. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly logFile: string
  readonly tell: (what: string) => void
  /** Above 0: others go first when the machine is busy. See `os.setPriority`. */
  readonly niceness?: number
}

type Ready = Extract<Answer, { tell: 'ready' }>

/** A process of the gateway that is started again whenever it ends by itself. */
export class SupervisedProcess {
  readonly #options: SupervisedOptions
  readonly #questions = new Map<number, (answer: Answer) => void>()
  #child: ChildProcess | null = null
  #exited: Promise<void> = Promise.resolve()
  #restart: NodeJS.Timeout | null = null
  #asked = 0
  #crashes = 0
  #wasReady = false
  #stopping = false

  constructor(options: SupervisedOptions) {
    this.#options = options
    mkdirSync(dirname(options.logFile), { recursive: true, mode: 0o700 })
  }

  get name(): string {
    return this.#options.name
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when the process does its work for the first time. Throws ExpectedError when it never will. */
  start(): Promise<Ready> {
    return new Promise((resolve, reject) => {
      this.#spawn(resolve, (why) => reject(new ExpectedError(why)))
    })
  }

  /** The process's metrics; nothing while it is away. */
  async metrics(): Promise<object[]> {
    const answer = await this.#ask('metrics')
    return answer?.tell === 'metrics' ? answer.metrics : []
  }

  async health(): Promise<HealthReport> {
    const answer = await this.#ask('health')
    return answer?.tell === 'health' ? answer.report : { ready: false, checks: { [this.name]: 'not running' } }
  }

  /** Lets the process finish what it has begun; ends it by force when that takes too long. */
  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#restart) clearTimeout(this.#restart)
    const child = this.#child
    if (!child) return
    void this.#ask('stop')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#exited
    clearTimeout(timer)
  }

  #spawn(ready: (answer: Ready) => void, unusable: (why: string) => void): void {
    const { args, env, logFile } = this.#options
    const log = openSync(logFile, 'a', 0o600)
    const child = fork(MAIN, args, {
      env,
      stdio: ['ignore', log, log, 'ipc'],
      execArgv: [...process.execArgv, YOUNG_GENERATION],
    })
    closeSync(log)
    if (child.pid && this.#options.niceness) setPriority(child.pid, this.#options.niceness)
    const startedMs = Date.now()
    let isUnusable = false
    this.#child = child
    child.on('message', (answer: Answer) => {
      if (answer.tell === 'ready') {
        this.#wasReady = true
        ready(answer)
      } else if (answer.tell === 'unusable') {
        isUnusable = true
        unusable(answer.why)
      } else this.#questions.get(answer.id)?.(answer)
    })
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#child = null
        resolve()
        if (this.#stopping || isUnusable) return
        if (Date.now() - startedMs > SETTLED_MS) this.#crashes = 0
        this.#startAgain(signal ?? `code ${code}`, ready, unusable)
      })
    })
  }

  #startAgain(how: string, ready: (answer: Ready) => void, unusable: (why: string) => void): void {
    if (!this.#wasReady && this.#crashes >= START_CRASHES_MAX) {
      unusable(
        `${this.name} ended ${this.#crashes + 1} times while it was starting. Its log is ${this.#options.logFile}`,
      )
      return
    }
    const waitMs = Math.min(RESTART_MS_MAX, RESTART_MS_FIRST * 2 ** this.#crashes++)
    this.#options.tell(
      `${this.name} ended (${how}); starting it again in ${waitMs} ms. Its log is ${this.#options.logFile}`,
    )
    this.#restart = setTimeout(() => this.#spawn(ready, unusable), waitMs)
  }

  #ask(ask: Question['ask']): Promise<Answer | null> {
    const child = this.#child
    if (!child?.connected) return Promise.resolve(null)
    const id = ++this.#asked
    return new Promise((resolve) => {
      const settle = (answer: Answer | null): void => {
        clearTimeout(timer)
        this.#questions.delete(id)
        resolve(answer)
      }
      const timer = setTimeout(() => settle(null), ANSWER_TIMEOUT_MS)
      this.#questions.set(id, settle)
      child.send({ ask, id } satisfies Question, (error) => {
        if (error) settle(null)
      })
    })
  }
}
