import { ExpectedError } from '../../runtime/expected-error.ts'

/** Where a group's offsets are to go. Times in milliseconds since the epoch. */
export type ResetTarget =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'shift'; readonly by: number }
  | { readonly kind: 'time'; readonly atMs: number }

/** The options of Kafka's own tool, of which one must be given. */
export interface TargetOptions {
  readonly toEarliest?: true
  readonly toLatest?: true
  readonly toOffset?: string
  readonly shiftBy?: string
  readonly toDatetime?: string
  readonly byDuration?: string
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Throws ExpectedError unless exactly one option is given, and it can be understood. */
export function resetTarget(options: TargetOptions, nowMs: number): ResetTarget {
  const given: ResetTarget[] = []
  if (options.toEarliest) given.push({ kind: 'earliest' })
  if (options.toLatest) given.push({ kind: 'latest' })
  if (options.toOffset !== undefined) given.push({ kind: 'offset', offset: wholeNumber(options.toOffset, 0) })
  if (options.shiftBy !== undefined) given.push({ kind: 'shift', by: wholeNumber(options.shiftBy) })
  if (options.toDatetime !== undefined) given.push({ kind: 'time', atMs: parseTime(options.toDatetime, nowMs) })
  if (options.byDuration !== undefined) given.push({ kind: 'time', atMs: nowMs - parseDuration(options.byDuration) })
  const [target, another] = given
  if (target && !another) return target
  throw new ExpectedError(
    'Say where to: one of --to-earliest, --to-latest, --to-offset, --shift-by, --to-datetime, --by-duration.',
  )
}

/** A time as `2026-11-24T10:00:00Z`, not in the future. */
export function parseTime(text: string, nowMs: number): number {
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(atMs)) throw new ExpectedError(`"${text}" is not a time; write it as 2026-11-24T10:00:00Z.`)
  if (atMs > nowMs) throw new ExpectedError(`${text} is in the future; for what is still to come use --to-latest.`)
  return atMs
}

/** A duration as `90s`, `15m`, `6h`, `2d`, or of ISO 8601 as Kafka's tool takes it: `PT15M`, `P2D`. In milliseconds. */
export function parseDuration(text: string): number {
  const iso = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text)
  const [, days, hours, minutes, seconds] = iso ?? []
  const short = /^(\d+)([smhd])$/.exec(text)
  const ms = short
    ? Number(short[1]) * UNIT_MS[short[2]!]!
    : (((Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0)) * 1_000
  if ((iso || short) && ms > 0) return ms
  throw new ExpectedError(`"${text}" is not a duration; write it as 15m, 6h or 2d.`)
}

function wholeNumber(text: string, least = Number.MIN_SAFE_INTEGER): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(number) && number >= least) return number
  throw new ExpectedError(`"${text}" is not a whole number${least === 0 ? ' from 0 on' : ''}.`)
}
