import { WakeSignal } from './wake-signal.ts'

/** Work that is done round after round until it is stopped. */
export class RoundLoop {
  readonly #round: () => Promise<number>
  readonly #signal = new WakeSignal()
  #running: Promise<void> | null = null
  #stopping = false

  /** `round` returns for how many milliseconds to sleep before the next, and must not throw. */
  constructor(round: () => Promise<number>) {
    this.#round = round
  }

  /** For rounds that are long: whether to break off. */
  get isStopping(): boolean {
    return this.#stopping
  }

  /** `afterMs`: how long to sleep before the first round. */
  start(afterMs = 0): void {
    this.#running ??= this.#run(afterMs)
  }

  /** Sleeps within a round, but not on when the loop is stopped. */
  async pause(ms: number): Promise<void> {
    if (!this.#stopping) await this.#signal.sleep(ms)
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#signal.wake()
    await this.#running
  }

  async #run(afterMs: number): Promise<void> {
    if (afterMs > 0) await this.pause(afterMs)
    while (!this.#stopping) {
      const sleepMs = await this.#round()
      if (sleepMs > 0) await this.pause(sleepMs)
    }
  }
}
