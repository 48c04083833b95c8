import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { eventually } from '../gateway/eventually.ts'

/** `npx smsgw …` in a process group of its own, as in a terminal. */
export class NpxProcess {
  readonly #child: ChildProcess

  constructor(folder: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    this.#child = spawn('npx', ['smsgw', ...args], { cwd: folder, env, stdio: [...stdio], detached: true })
  }

  /** The first line that it prints. Throws when it ends before. */
  async line(): Promise<string> {
    const ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`npx smsgw ended with ${code} before it printed a line`)
    })
    const printed = once(createInterface({ input: this.#child.stdout! }), 'line') as Promise<[string]>
    ended.catch(() => {})
    return (await Promise.race([printed, ended]))[0]
  }

  /** Ctrl-C, which a terminal sends to the whole group; returns when all of the group have ended. */
  async stop(): Promise<void> {
    if (!this.#signal('SIGINT')) return
    await eventually(
      'all processes of the group have ended',
      () => this.#signal(0),
      (isRunning) => !isRunning,
    )
  }

  #signal(signal: NodeJS.Signals | 0): boolean {
    try {
      return process.kill(-this.#child.pid!, signal)
    } catch {
      return false
    }
  }
}
