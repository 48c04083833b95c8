import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { setPriority } from 'node:os'
import { dirname } from 'node:path'
import { ExpectedError } from '../../runtime/expected-error.ts'
import type { HealthReport } from '../../runtime/health.ts'
import { moduleFile } from '../../runtime/package-files.ts'
import { upSettings } from './config.ts'
import type { Answer, Question } from './supervision-messages.ts'

const MAIN = moduleFile('main')
/** Nearly all that these processes allocate dies within milliseconds: room for it to do so before it is collected. */
const YOUNG_GENERATION = '--max-semi-space-size=64'
/** Checks of health have two seconds each. */
const ANSWER_TIMEOUT_MS = 3_000
/** Before its first answer a process reads its code and begins; on a busy machine that takes its time. */
const FIRST_ANSWER_MS_MAX = 180_000
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
  readonly notify: (what: string) => void
  /** Between two liveness probes of the process; UP_PROBE_MS unless given. */
  readonly probeMs?: number
  /**
   * A process that runs without answering for so long, counted in probes, is restarted; UP_SILENT_MS_MAX unless given.
   */
  readonly silentMsMax?: number
  /** Above 0: others go first when the machine is busy. See `os.setPriority`. */
  readonly niceness?: number
}

type Ready = Extract<Answer, { kind: 'ready' }>

/** A process of the gateway that is started again whenever it ends by itself, or runs without answering. */
export class SupervisedProcess {
  readonly #options: SupervisedOptions
  readonly #questions = new Map<number, (answer: Answer) => void>()
  readonly #ready = Promise.withResolvers<Ready>()
  /** Ports that it chose itself: others know them, so it comes back at the same. */
  #ports: NodeJS.ProcessEnv = {}
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
    this.#ready.promise.catch(() => {})
  }

  get name(): string {
    return this.#options.name
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when the process does its work for the first time. Throws ExpectedError when it never will. */
  start(): Promise<Ready> {
    if (this.#stopping) this.#giveUp(`${this.name} was stopped while it was starting`)
    else this.#spawn()
    return this.#ready.promise
  }

  /** The process's metrics; nothing while it is down. */
  async metrics(): Promise<object[]> {
    const answer = await this.#ask('metrics')
    return answer?.kind === 'metrics' ? answer.metrics : []
  }

  async health(): Promise<HealthReport> {
    const answer = await this.#ask('health')
    return answer?.kind === 'health' ? answer.report : { ready: false, checks: { [this.name]: 'not running' } }
  }

  /** Lets the process finish what it has begun; ends it by force when that takes too long. */
  async stop(): Promise<void> {
    this.#end()
    const child = this.#child
    if (!child) return
    void this.#ask('stop')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await this.#exited
    clearTimeout(timer)
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    this.#end()
    this.#child?.kill('SIGKILL')
    await this.#exited
  }

  #end(): void {
    this.#stopping = true
    if (this.#restart) clearTimeout(this.#restart)
    this.#giveUp(`${this.name} was stopped while it was starting`)
  }

  #giveUp(why: string): void {
    this.#ready.reject(new ExpectedError(why))
  }

  #spawn(): void {
    const { args, env, logFile, niceness } = this.#options
    const log = openSync(logFile, 'a', 0o600)
    const child = fork(MAIN, args, {
      env: { ...env, ...this.#ports },
      stdio: ['ignore', log, log, 'ipc'],
      execArgv: [...process.execArgv, YOUNG_GENERATION],
    })
    closeSync(log)
    if (child.pid && niceness) setPriority(child.pid, niceness)
    const startedMs = Date.now()
    let unusable: string | null = null
    this.#child = child
    child.on('message', (answer: Answer) => {
      if (answer.kind === 'unusable') unusable = answer.why
      else this.#hear(answer)
    })
    const probing = this.#probe(child)
    this.#exited = new Promise((resolve) => {
      const ended = (how: string): void => {
        clearInterval(probing)
        this.#child = null
        resolve()
        if (this.#stopping) return
        if (Date.now() - startedMs > SETTLED_MS) this.#crashes = 0
        this.#startAgain(how, unusable)
      }
      child.once('exit', (code, signal) => ended(signal ?? `code ${code}`))
      // A process that could not be made, for want of memory or of process ids, has no exit.
      child.on('error', (error) => {
        if (child.pid === undefined) ended(error.message)
      })
    })
  }

  #hear(answer: Answer): void {
    if (answer.kind === 'ready') {
      this.#wasReady = true
      this.#ports = portsOf(answer)
      this.#ready.resolve(answer)
    } else if (answer.kind === 'waiting') this.#options.notify(`${this.name} waits: ${answer.why}`)
    else if (answer.kind !== 'unusable') this.#questions.get(answer.id)?.(answer)
  }

  /** Kills a process that runs and does not answer; that it ended is dealt with as for any other. */
  #probe(child: ChildProcess): NodeJS.Timeout {
    const { probeMs = upSettings.UP_PROBE_MS.fallback, silentMsMax = upSettings.UP_SILENT_MS_MAX.fallback } =
      this.#options
    let silentMs = 0
    let hasAnswered = false
    const probe = async (): Promise<void> => {
      const isAlive = (await this.#ask('alive')) !== null
      hasAnswered ||= isAlive
      silentMs = isAlive ? 0 : silentMs + probeMs
      const allowedMs = hasAnswered ? silentMsMax : Math.max(silentMsMax, FIRST_ANSWER_MS_MAX)
      if (silentMs < allowedMs || this.#child !== child || this.#stopping) return
      silentMs = 0
      this.#options.notify(`${this.name} has not answered for ${allowedMs / 1_000} s and is killed`)
      child.kill('SIGKILL')
    }
    return setInterval(() => void probe(), probeMs)
  }

  /**
   * What cannot work at the first start, as with a wrong password, will not by being tried again; a process that was
   * ready before is started again whatever it says, as what it misses may come back.
   */
  #startAgain(how: string, unusable: string | null): void {
    if (!this.#wasReady && unusable !== null) {
      this.#giveUp(unusable)
      return
    }
    const { logFile, notify } = this.#options
    if (!this.#wasReady && this.#crashes >= START_CRASHES_MAX) {
      this.#giveUp(`${this.name} ended ${this.#crashes + 1} times while it was starting. Its log is ${logFile}`)
      return
    }
    const waitMs = Math.min(RESTART_MS_MAX, RESTART_MS_FIRST * 2 ** this.#crashes++)
    notify(`${this.name} ended (${unusable ?? how}); it is started again in ${waitMs} ms. Its log is ${logFile}`)
    this.#restart = setTimeout(() => this.#spawn(), waitMs)
  }

  #ask(kind: Question['kind']): Promise<Answer | null> {
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
      child.send({ kind, id } satisfies Question, (error) => {
        if (error) settle(null)
      })
    })
  }
}

function portsOf({ apiUrl, simulatorPort }: Ready): NodeJS.ProcessEnv {
  return {
    ...(apiUrl === null ? {} : { PORT: new URL(apiUrl).port }),
    ...(simulatorPort === null ? {} : { SIMULATOR_PORT: String(simulatorPort) }),
  }
}
