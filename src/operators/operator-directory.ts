import { readFileSync } from 'node:fs'
import type { Pool } from '../postgres/pool.ts'
import type { Log } from '../runtime/log.ts'
import type { KnownConnectors } from './connector-settings.ts'
import { OperatorSetup } from './operator-setup.ts'
import { addRevision, declaredOf, type OperatorRevision, readRevisionAfter } from './operator-store.ts'
import { parseOperators } from './operators-file.ts'

/** How often the database is asked for a newer revision. */
const POLL_MS = 2_000

export interface OperatorDirectoryOptions {
  readonly pool: Pool
  /** Becomes the first revision where the database has none. */
  readonly file: string
  /** Those that an operator may have. */
  readonly connectors: KnownConnectors
  readonly log: Log
  readonly pollMs?: number
}

type Listener = (setup: OperatorSetup) => void

/**
 * The operators and routes in force, as every process has them: the newest revision in PostgreSQL, looked for every two
 * seconds. A revision that cannot be used, as by a process of an older version, is logged and the one before stays.
 */
export class OperatorDirectory {
  readonly #options: OperatorDirectoryOptions
  readonly #listeners = new Set<Listener>()
  #current: OperatorSetup
  /** The newest that was looked at, used or not. */
  #seenRevision: number
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  #stopped = false

  private constructor(options: OperatorDirectoryOptions, newest: OperatorRevision) {
    this.#options = options
    this.#current = toSetup(newest, options.connectors)
    this.#seenRevision = newest.revision
  }

  /**
   * Reads the newest revision; the file becomes the first one where there is none, whichever of many processes comes
   * first. From then on the directory follows what is applied, until it is stopped.
   * Throws ExpectedError for a file, or a revision, that cannot be used.
   */
  static async open(options: OperatorDirectoryOptions): Promise<OperatorDirectory> {
    const directory = new OperatorDirectory(options, await newestRevision(options))
    directory.#wait()
    return directory
  }

  current(): OperatorSetup {
    return this.#current
  }

  /** Calls the listener with every setup that comes into force from now on. Returns how to end that. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#looking
  }

  #wait(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch((error) => this.#options.log.warn({ err: error }, 'failed to poll operator config; retrying'))
        .finally(() => this.#wait())
    }, this.#options.pollMs ?? POLL_MS)
  }

  async #look(): Promise<void> {
    const newest = await readRevisionAfter(this.#options.pool, this.#seenRevision)
    if (!newest) return
    const { revision, appliedBy, appliedAt } = newest
    const { log } = this.#options
    this.#seenRevision = revision
    try {
      this.#current = toSetup(newest, this.#options.connectors)
    } catch (error) {
      log.error(
        { err: error, revision, stays: this.#current.revision },
        'invalid operator config; keeping previous revision',
      )
      return
    }
    const afterMs = Date.now() - appliedAt.getTime()
    log.info({ revision, appliedBy, afterMs }, 'operator config changed')
    for (const listener of this.#listeners) listener(this.#current)
  }
}

async function newestRevision({ pool, file, connectors, log }: OperatorDirectoryOptions): Promise<OperatorRevision> {
  let newest = await readRevisionAfter(pool, 0)
  while (!newest) {
    const source = readFileSync(file, 'utf8')
    const declared = parseOperators(source, file, connectors)
    const first = { basedOn: 0, source, declared, by: file }
    newest = (await addRevision(pool, first)) ?? (await readRevisionAfter(pool, 0))
    if (newest) log.info({ file, revision: newest.revision }, 'operator config stored')
  }
  return newest
}

function toSetup(revision: OperatorRevision, connectors: KnownConnectors): OperatorSetup {
  return new OperatorSetup(revision.revision, declaredOf(revision, connectors))
}
