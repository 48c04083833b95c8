import { InvalidArgumentError } from 'commander'
import { type PerTopic, PLANNED_TOPICS, type PlannedTopic, perTopic } from '../../tools/plan/plan-input.ts'

/** Values by topic as given: for some of them, or one for all. */
export type GivenPerTopic = Partial<Record<PlannedTopic, number>>

const COUNT_MAX = 1_000_000_000_000
const UNITS_IN_DAYS: Readonly<Record<string, number>> = { '': 1, d: 1, h: 1 / 24 }

/** A whole number above 0. Thousands may be set apart by `_`. */
export function count(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (/^\d[\d_]*$/.test(text) && value >= 1 && value <= COUNT_MAX) return value
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${COUNT_MAX.toLocaleString('en')}.`)
}

/** A number of at least 1, such as 1.5. */
export function factor(text: string): number {
  const value = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && value >= 1 && value <= 1_000_000) return value
  throw new InvalidArgumentError('It must be a number from 1 to 1,000,000, such as 1.5.')
}

/** Terabytes: a number above 0. */
export function terabytes(text: string): number {
  const value = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= 1_000_000) return value
  throw new InvalidArgumentError('It must be a number of terabytes above 0, such as 1 or 0.5.')
}

/** Days: `7`, `7d` or `36h`. */
export function days(text: string): number {
  const [, number, unit] = /^(\d{1,6})([dh]?)$/.exec(text) ?? []
  if (Number(number) > 0) return Number(number) * UNITS_IN_DAYS[unit!]!
  throw new InvalidArgumentError('It must be a time such as 7d or 36h.')
}

/** `5` for all topics, or `accepted=5,status=6` for some. */
export function byTopic(parse: (text: string) => number): (text: string) => GivenPerTopic {
  return (text) => {
    if (!text.includes('=')) {
      const value = parse(text)
      return perTopic(() => value)
    }
    const pairs = text.split(',').map((pair) => {
      const [topic, value = ''] = pair.split('=')
      if ((PLANNED_TOPICS as readonly string[]).includes(topic!)) return [topic, parse(value)]
      throw new InvalidArgumentError(`"${topic}" is none of ${PLANNED_TOPICS.join(', ')}.`)
    })
    return Object.fromEntries(pairs)
  }
}

/** What was given, and for other topics what is usual. */
export function withGiven<T>(usual: PerTopic<T>, given: Partial<Record<PlannedTopic, T>> | undefined): PerTopic<T> {
  return { ...usual, ...given }
}
