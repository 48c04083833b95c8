import { isSupervised } from './supervisor/answer-supervisor.ts'

const FORCE_AFTER_MS = 9_000

/**
 * Stops once: by SIGTERM, by Ctrl-C, or because the supervisor is gone. A second Ctrl-C ends at once. Under a
 * supervisor Ctrl-C is left to the supervisor, which gets it too. Resolves with the exit code when all has stopped.
 */
export function stopOnSignal(
  stop: () => Promise<void>,
  forceAfterMs = FORCE_AFTER_MS,
): { stopped: Promise<number>; stopNow: () => void } {
  let finish: (code: number) => void = () => {}
  const stopped = new Promise<number>((resolve) => {
    finish = resolve
  })
  let stopping = false
  const stopNow = (): void => {
    if (stopping) return
    stopping = true
    const timer = setTimeout(() => {
      console.error('shutdown timed out; unfinished work is repeated at the next start')
      process.exit(1)
    }, forceAfterMs)
    const end = (code: number): void => {
      clearTimeout(timer)
      finish(code)
    }
    stop().then(
      () => end(0),
      (error: Error) => {
        console.error(error)
        end(1)
      },
    )
  }
  process.on('SIGTERM', stopNow)
  process.on('SIGHUP', stopNow)
  process.on('SIGINT', () => {
    if (isSupervised()) return
    if (stopping) process.exit(130)
    stopNow()
  })
  process.on('disconnect', stopNow)
  // The supervisor may have gone before the listener was added.
  if (isSupervised() && !process.connected) stopNow()
  return { stopped, stopNow }
}
