import { setTimeout as sleep } from 'node:timers/promises'
import { type DiskSpace, diskSpace, reservedBytes } from './disk-space.ts'
import { RoundLoop } from './round-loop.ts'

const LOOK_MS = 1_000
/**
 * A disk that does not answer, as that of a file server that is down, delays neither the others nor a stop for longer.
 */
const ANSWER_MS_MAX = 5_000
/** Once low, a disk needs a tenth more than the limit before it counts as having room: it would flap otherwise. */
const ROOM_FACTOR = 1.1

export interface DiskWatchOptions {
  readonly folders: readonly string[]
  /** How much is kept back of a large disk; see `reservedBytes`. 0: nothing, and no disk is ever low. */
  readonly reserveBytesMax: number
  /** A disk is low when it has less left than so many reserves. */
  readonly lowReserves: number
  /** A disk has become low, or has room again. */
  readonly changed: (space: DiskSpace, isLow: boolean) => void
  /** Reads the room on the disk of a folder; `diskSpace` unless a test gives another. */
  readonly read?: (folder: string) => Promise<DiskSpace | null>
}

/**
 * Looks every second how much room the disks of some folders have. A folder that no longer exists, or whose disk does
 * not answer, is forgotten: nothing is written there, and its last figure would be reported for ever.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions
  readonly #spaces = new Map<string, DiskSpace>()
  readonly #low = new Set<string>()
  /** Folders that have not answered yet; each has at most one query in flight. */
  readonly #asked = new Map<string, Promise<void>>()
  readonly #loop = new RoundLoop(async () => {
    await this.look()
    return LOOK_MS
  })

  constructor(options: DiskWatchOptions) {
    this.#options = options
  }

  /** Of each folder whose disk says. */
  get spaces(): readonly DiskSpace[] {
    return [...this.#spaces.values()]
  }

  /** The folder whose disk is low; null when all have room. */
  get lowFolder(): string | null {
    const [folder] = this.#low
    return folder ?? null
  }

  start(): void {
    if (this.#options.folders.length > 0) this.#loop.start()
  }

  stop(): Promise<void> {
    return this.#loop.stop()
  }

  async look(): Promise<void> {
    await Promise.all(this.#options.folders.map((folder) => this.#lookAt(folder)))
  }

  async #lookAt(folder: string): Promise<void> {
    const { read = diskSpace } = this.#options
    const asked = this.#asked.get(folder) ?? read(folder).then((space) => this.#answered(folder, space))
    this.#asked.set(folder, asked)
    await Promise.race([asked, sleep(ANSWER_MS_MAX, undefined, { ref: false })])
  }

  #answered(folder: string, space: DiskSpace | null): void {
    this.#asked.delete(folder)
    if (space) this.#judge(space)
    else {
      this.#spaces.delete(folder)
      this.#low.delete(folder)
    }
  }

  #judge(space: DiskSpace): void {
    const { reserveBytesMax, lowReserves, changed } = this.#options
    const { folder, freeBytes } = space
    this.#spaces.set(folder, space)
    const wasLow = this.#low.has(folder)
    const limitBytes = reservedBytes(space, reserveBytesMax) * lowReserves * (wasLow ? ROOM_FACTOR : 1)
    const isLow = freeBytes < limitBytes
    if (isLow === wasLow) return
    if (isLow) this.#low.add(folder)
    else this.#low.delete(folder)
    changed(space, isLow)
  }
}
