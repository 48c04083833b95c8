import type { Log } from '../runtime/log.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { isServerUnavailable } from './server-unavailable.ts'

const WAIT_MS_MAX = 5_000

/** Ends the work in progress when the process stops; never reported. */
class StoppedError extends Error {
  override readonly name = 'StoppedError'
}

/** Repeats what fails because a server is unavailable, with growing waits, for as long as that lasts or until stopped. */
export class ServerWait {
  readonly #log: Log
  readonly #waiting: (why: string) => void
  readonly #stopped = Promise.withResolvers<never>()
  #why: string | null = null
  #isStopped = false

  /** `waiting` is called with the reason whenever a wait begins. */
  constructor(log: Log, waiting: (why: string) => void = () => {}) {
    this.#log = log
    this.#waiting = waiting
    this.#stopped.promise.catch(() => {})
  }

  /** What is waited for now, with the reason; null while nothing is. */
  get why(): string | null {
    return this.#why
  }

  stop(): void {
    this.#isStopped = true
    this.#stopped.reject(new StoppedError('the process is stopping'))
  }

  throwIfStopped(): void {
    if (this.#isStopped) throw new StoppedError('the process is stopping')
  }

  /**
   * Resolves with what `work` resolves with, in the end; null when the wait was stopped, at once. Throws what is not a
   * server's absence (see `isServerUnavailable`). `what` names the work in the log.
   */
  async until<T>(what: string, work: () => Promise<T>): Promise<T | null> {
    const failure = new RepeatedFailure({ what, log: this.#log, waitMsMax: WAIT_MS_MAX })
    let isFirst = true
    try {
      while (true) {
        try {
          this.throwIfStopped()
          const result = await Promise.race([work(), this.#stopped.promise])
          failure.succeeded()
          this.#why = null
          return result
        } catch (error) {
          if (error instanceof StoppedError) return null
          if (!isServerUnavailable(error)) throw error
          this.#why = (error as Error).message
          if (isFirst) this.#waiting(this.#why)
          isFirst = false
          await this.#pause(failure.failed(error))
        }
      }
    } catch (error) {
      if (error instanceof StoppedError) return null
      throw error
    }
  }

  async #pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const slept = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    })
    try {
      await Promise.race([slept, this.#stopped.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}
