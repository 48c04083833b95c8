import { fork } from 'node:child_process'

/** Work in a process of its own, so that it is not counted as another's and takes no other's time. */
export interface ForkedTask<Result> {
  /** Throws when the process ends without one. */
  readonly result: Promise<Result>
  /** Asks the work to end early; its result is what it had by then. */
  stop(): void
}

/** Starts `file`, which calls `answerTask`, with what it needs to know. It ends with this process at the latest. */
export function forkTask<Result>(file: string, options: object, execArgv: readonly string[] = []): ForkedTask<Result> {
  const child = fork(file, { serialization: 'advanced', execArgv: [...process.execArgv, ...execArgv] })
  const result = new Promise<Result>((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as Result))
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`${file} ended with ${signal ?? code} and no result`)))
  })
  child.send(options)
  const stop = (): void => {
    if (child.connected) child.send('stop')
  }
  return { result, stop }
}

/** In the forked process: does the work once and answers with its result. */
export function answerTask<Options extends object, Result>(
  work: (options: Options, stopped: AbortSignal) => Promise<Result>,
): void {
  const stopping = new AbortController()
  process.once('disconnect', () => process.exit(1))
  process.once('message', (options: Options) => {
    process.once('message', () => stopping.abort())
    work(options, stopping.signal).then(
      (result) => process.send!(result, () => process.exit(0)),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  })
}
