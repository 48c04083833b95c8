import { ExpectedError } from './expected-error.ts'
/** One value of the configuration: an environment variable, what it may be, and what it means. */
export interface Setting<T> {
  /** Throws an Error that says what is expected. */
  readonly parse: (text: string) => T
  readonly fallback: T
  readonly doc: string
  /** Never shown. */
  readonly secret?: boolean
}

export type Settings = Readonly<Record<string, Setting<unknown>>>

export type Values<S extends Settings> = { readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never }

/** All that is wrong with the configuration, named by variable. */
export class ConfigurationError extends ExpectedError {
  override readonly name = 'ConfigurationError'

  constructor(faults: readonly string[]) {
    super(`The configuration cannot be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  }
}

export function text(fallback: string, doc: string): Setting<string> {
  return { parse: (value) => value, fallback, doc }
}

export function secret(fallback: string, doc: string): Setting<string> {
  return { ...text(fallback, doc), secret: true }
}

export function integer(fallback: number, doc: string, range: { min?: number; max?: number } = {}): Setting<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = range
  const parse = (value: string): number => {
    const number = Number(value)
    if (value.trim() !== '' && Number.isInteger(number) && number >= min && number <= max) return number
    throw new Error(`must be a whole number from ${min} to ${max}`)
  }
  return { parse, fallback, doc }
}

export function fraction(fallback: number, doc: string): Setting<number> {
  const parse = (value: string): number => {
    const number = Number(value)
    if (value.trim() !== '' && number >= 0 && number <= 1) return number
    throw new Error('must be a number from 0 to 1')
  }
  return { parse, fallback, doc }
}

export function choice<const T extends string>(choices: readonly T[], fallback: T, doc: string): Setting<T> {
  const parse = (value: string): T => {
    if ((choices as readonly string[]).includes(value)) return value as T
    throw new Error(`must be one of ${choices.join(', ')}`)
  }
  return { parse, fallback, doc: `${doc} (${choices.join(', ')})` }
}

/** Reads settings from the environment. An empty variable counts as not set. Throws ConfigurationError. */
export function readSettings<S extends Settings>(settings: S, env: NodeJS.ProcessEnv): Values<S> {
  const faults: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings)) {
    const given = env[name]
    try {
      values[name] = given === undefined || given === '' ? setting.fallback : setting.parse(given)
    } catch (error) {
      const shown = setting.secret ? '' : ` (it is "${given}")`
      faults.push(`${name} ${(error as Error).message}${shown}`)
    }
  }
  if (faults.length > 0) throw new ConfigurationError(faults)
  return values as Values<S>
}
