import { readFile, stat } from 'node:fs/promises'
import { parse } from 'yaml'
import type { Log } from '../runtime/log.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
import { readSettings } from '../runtime/settings.ts'
import type { Behaviour } from './behaviour.ts'
import { behaviourSettings } from './config.ts'

const LOOK_MS = 250
const FILE_BYTES_MAX = 65_536
const PREFIX = 'SIMULATOR_'

/**
 * How the simulator treats messages now: as its settings say, and where a file is given, as that file says while it
 * exists. A file that cannot be used changes nothing and is logged once.
 */
export class CurrentBehaviour {
  readonly #settings: Behaviour
  readonly #file: string
  readonly #log: Log
  readonly #loop = new RoundLoop(() => this.#look())
  #current: Behaviour
  /** Of the file as it was last read; null for none. */
  #version: string | null = null

  /** An empty `file` leaves the behaviour as the settings have it. */
  constructor(settings: Behaviour, file: string, log: Log) {
    this.#settings = settings
    this.#current = settings
    this.#file = file
    this.#log = log
  }

  get current(): Behaviour {
    return this.#current
  }

  start(): void {
    if (this.#file !== '') this.#loop.start()
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
  }

  async #look(): Promise<number> {
    const version = await versionOf(this.#file)
    if (version === this.#version) return LOOK_MS
    this.#version = version
    try {
      this.#current = version === null ? this.#settings : await this.#read()
      this.#log.info({ file: this.#file, applied: version !== null }, 'simulator behaviour changed')
    } catch (error) {
      this.#log.warn({ err: error, file: this.#file }, 'invalid behaviour file; keeping the previous behaviour')
    }
    return LOOK_MS
  }

  /** Throws an Error that names what is wrong. */
  async #read(): Promise<Behaviour> {
    const text = await readFile(this.#file, 'utf8')
    if (text.length > FILE_BYTES_MAX) throw new Error(`larger than ${FILE_BYTES_MAX} bytes`)
    const given: unknown = parse(text) ?? {}
    if (typeof given !== 'object' || Array.isArray(given)) throw new Error('not a list of `setting: value` lines')
    const env: NodeJS.ProcessEnv = {}
    for (const [key, value] of Object.entries(given as object)) {
      const name = key.startsWith(PREFIX) ? key : `${PREFIX}${key}`
      if (!Object.hasOwn(behaviourSettings, name)) throw new Error(`unknown setting ${key}`)
      env[name] = String(value)
    }
    return { ...this.#settings, ...pickGiven(readSettings(behaviourSettings, env), env) }
  }
}

function pickGiven(values: Behaviour, env: NodeJS.ProcessEnv): Partial<Behaviour> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(env, name)))
}

async function versionOf(file: string): Promise<string | null> {
  const found = await stat(file).catch(() => null)
  return found && `${found.ino} ${found.size} ${found.mtimeMs}`
}
