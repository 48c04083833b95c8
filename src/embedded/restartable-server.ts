/** A native server on this machine that can be probed, and started again on its data and its port when it has died. */
export interface RestartableServer {
  /** As in a sentence: `PostgreSQL`, `Kafka broker 2`. */
  readonly name: string
  /** What the gateway does while this server is down, as a clause. */
  readonly whileDown: string
  /** The disk of this folder is the one that the server fills. */
  readonly folder: string
  readonly logFile: string
  readonly pid: number
  /** Resolves when the current process has ended, with how: `signal SIGKILL`, `code 1`. */
  readonly exited: Promise<string>
  /** Throws when the server does not answer within `timeoutMs`. A server that says it is still starting has answered. */
  probe(timeoutMs: number): Promise<void>
  /** Ends the process at once, whatever state it is in; it recovers from its own logs at the next start. */
  kill(): void
  /**
   * Starts the server again after it has ended. Resolves when it does its work. Throws when it ends first, or
   * `stopping` is aborted; what was started then is left to `stop`.
   */
  restart(stopping: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** A start that takes longer has failed. Recovery after a crash reads logs of some hundred megabytes on a slow disk. */
const START_MS_MAX = 300_000
const POLL_MS = 50

export interface StartingServer {
  readonly hasExited: () => boolean
  /** Throws while the server does not do its work. */
  readonly attempt: () => Promise<void>
  readonly stopping?: AbortSignal | undefined
}

/** Resolves when the attempt succeeds. Throws an Error that says why it never did: `ended while it was starting`. */
export async function untilStarted({ hasExited, attempt, stopping }: StartingServer): Promise<void> {
  const deadlineMs = performance.now() + START_MS_MAX
  while (true) {
    try {
      await attempt()
      return
    } catch (error) {
      if (stopping?.aborted) throw new Error('was stopped while it was starting')
      if (hasExited()) throw new Error('ended while it was starting')
      if (performance.now() > deadlineMs) {
        throw new Error(`did not start in ${START_MS_MAX / 1_000} s: ${(error as Error).message}`)
      }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
