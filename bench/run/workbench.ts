import { type TemporaryFolder, temporaryFolder } from '../../src/embedded/temporary-folder.ts'

interface Stoppable {
  stop(): Promise<unknown>
}

/** Where one run works: a folder of its own, and everything that it started, to be stopped again. */
export class Workbench {
  readonly #folder: TemporaryFolder = temporaryFolder('smsgw-bench')
  readonly #startedMs = performance.now()
  readonly #parts: Promise<Stoppable>[] = []
  #stopping: Promise<void> | null = null

  get folder(): string {
    return this.#folder.path
  }

  get isStopping(): boolean {
    return this.#stopping !== null
  }

  /** Says on standard error how far the run is. */
  progress(text: string): void {
    const seconds = ((performance.now() - this.#startedMs) / 1_000).toFixed(1).padStart(6)
    if (!this.isStopping) console.error(`${seconds} s  ${text}`)
  }

  /** Waits for a part to start, and stops it at the end, also if that comes while it starts. */
  keep<Part extends Stoppable>(starting: Promise<Part>): Promise<Part> {
    this.#parts.push(starting)
    return starting
  }

  /** Stops one part after the other, the newest first, and removes the folder. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    for (const starting of this.#parts.reverse()) {
      const part = await starting.catch(() => null)
      await part?.stop().catch((error: Error) => console.error(error))
    }
    await this.#folder.remove()
  }
}
