import { lastWords } from '../../embedded/last-words.ts'
import type { RestartableServer } from '../../embedded/restartable-server.ts'
import { diskSpace, inMegabytes } from '../../runtime/disk-space.ts'
import { WakeSignal } from '../../runtime/wake-signal.ts'
import { nextStart, type RestartLimits, START_BYTES_MIN } from './restart-rule.ts'

/** On a busy machine what works may take seconds to answer. */
const PROBE_TIMEOUT_MS = 5_000

export interface WatchLimits extends RestartLimits {
  readonly probeMs: number
  /** A server that runs without answering for so long is killed. */
  readonly silentMsMax: number
}

/**
 * Keeps one server running: probes it, and starts it again on its data when it has ended, or when it runs without
 * answering. Each step is printed in a line. Roles wait meanwhile, and continue by themselves.
 */
export class WatchedServer {
  readonly #server: RestartableServer
  readonly #limits: WatchLimits
  readonly #notify: (what: string) => void
  readonly #stopping = new AbortController()
  readonly #signal = new WakeSignal()
  #restartsMs: number[] = []
  #trouble: string | null = null
  #running: Promise<void> | null = null

  constructor(server: RestartableServer, limits: WatchLimits, notify: (what: string) => void) {
    this.#server = server
    this.#limits = limits
    this.#notify = notify
  }

  get name(): string {
    return this.#server.name
  }

  /** The folder whose disk the server fills. */
  get folder(): string {
    return this.#server.folder
  }

  get pid(): number {
    return this.#server.pid
  }

  /** Why the server does not do its work now; null while it does. */
  get trouble(): string | null {
    return this.#trouble
  }

  start(): void {
    this.#running ??= this.#watch()
  }

  /** Stops watching, then the server: also one that is being started again. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#signal.wake()
    // One that is starting, or does not answer, would not stop in time either.
    if (this.#trouble !== null) this.#server.kill()
    await this.#running
    await this.#server.stop()
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  async #watch(): Promise<void> {
    while (!this.#isStopping) {
      const how = await this.#untilDown()
      if (how !== null) await this.#bringBack(how)
    }
  }

  /** Resolves with what became of the server; null when the watch is stopped. */
  async #untilDown(): Promise<string | null> {
    const { probeMs, silentMsMax } = this.#limits
    let ended: string | null = null
    void this.#server.exited.then((how) => {
      ended = `ended (${how})`
      this.#signal.wake()
    })
    for (let silentMs = 0; ; ) {
      const beganMs = performance.now()
      await this.#signal.sleep(probeMs)
      if (this.#isStopping) return null
      if (ended !== null) return ended
      const isAnswering = await this.#server.probe(PROBE_TIMEOUT_MS).then(
        () => true,
        () => false,
      )
      if (ended !== null) return ended
      // No more than the probe can have taken: the machine may have been suspended meanwhile.
      const tookMs = Math.min(performance.now() - beganMs, probeMs + PROBE_TIMEOUT_MS)
      silentMs = isAnswering ? 0 : silentMs + tookMs
      this.#trouble = isAnswering ? null : `${this.name} runs and does not answer`
      if (silentMs < silentMsMax || this.#isStopping) continue
      this.#server.kill()
      await this.#server.exited
      return `has not answered for ${silentMsMax / 1_000} s and was killed`
    }
  }

  async #bringBack(how: string): Promise<void> {
    const beganMs = performance.now()
    for (let what = how; !this.#isStopping; ) {
      this.#trouble = `${this.name} ${what}`
      if (!(await this.#waitForRestart(what))) return
      this.#restartsMs = [...this.#restartsMs, performance.now()].slice(-this.#limits.restartsMax)
      try {
        await this.#server.restart(this.#stopping.signal)
        this.#trouble = null
        this.#notify(
          `${this.name} is back after ${((performance.now() - beganMs) / 1_000).toFixed(1)} s, with its data.`,
        )
        return
      } catch (error) {
        what = `did not start again: ${(error as Error).message.split('\n')[0]}`
      }
    }
  }

  /** Whether it may be started now; false when the watch is stopped. Prints once what it waits for. */
  async #waitForRestart(what: string): Promise<boolean> {
    let said = ''
    while (!this.#isStopping) {
      const space = await diskSpace(this.folder)
      const next = nextStart(this.#restartsMs, performance.now(), space?.freeBytes ?? null, this.#limits)
      if (next.kind !== said) this.#say(what, next.kind, space?.freeBytes ?? 0, next.waitMs)
      said = next.kind
      await this.#signal.sleep(next.waitMs)
      if (next.kind === 'start' && !this.#isStopping) return true
    }
    return false
  }

  #say(what: string, kind: ReturnType<typeof nextStart>['kind'], freeBytes: number, waitMs: number): void {
    const { name, whileDown, folder, logFile } = this.#server
    const { restartsMax, windowMs } = this.#limits
    const window = `${Math.round(windowMs / 60_000)} min`
    const follows = {
      start: `It is started again on its data; meanwhile ${whileDown}.`,
      'no-room': `The disk of ${folder} has ${inMegabytes(freeBytes)} left: it is started again when ${inMegabytes(START_BYTES_MIN)} are free. Free some room; do not delete its data. Meanwhile ${whileDown}.`,
      spent: `It was started ${restartsMax} times in ${window} and does not stay up: ${lastWords(logFile)}. The gateway goes on without it (${whileDown}); the next try is in ${Math.ceil(waitMs / 1_000)} s.`,
    }[kind]
    this.#notify(`${name} ${what}. ${follows} Its log is ${logFile}`)
  }
}
