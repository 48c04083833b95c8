import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConfigurationError, choice, fraction, integer, readSettings, secret, text } from './settings.ts'

/** What a setting makes of a text: its value, or the words of its refusal. */
function outcome<T>(setting: { parse(text: string): T }, given: string): T | string {
  try {
    return setting.parse(given)
  } catch (error) {
    return (error as Error).message
  }
}

test('a whole number is taken exactly within its range', () => {
  const numbers = fc.integer({ min: -1_000, max: 1_000 })
  fc.assert(
    fc.property(numbers, numbers, numbers, (value, a, b) => {
      const [min, max] = [Math.min(a, b), Math.max(a, b)]
      const refused = `must be a whole number from ${min} to ${max}`
      expect(outcome(integer(0, '', { min, max }), String(value))).toBe(value >= min && value <= max ? value : refused)
    }),
  )
  const any = integer(7, 'doc')
  expect(any).toMatchObject({ fallback: 7, doc: 'doc' })
  expect(outcome(any, '0')).toBe(0)
  expect(outcome(any, String(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER)
  const range = `must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`
  for (const wrong of ['-1', '1.5', '', ' ', 'x', '1e400', 'NaN', '9007199254740992']) {
    expect(outcome(any, wrong), wrong).toBe(range)
  }
})

test('a fraction is a number from 0 to 1', () => {
  const share = fraction(0.5, 'doc')
  expect(share).toMatchObject({ fallback: 0.5, doc: 'doc' })
  for (const good of ['0', '1', '0.25']) expect(outcome(share, good)).toBe(Number(good))
  for (const wrong of ['-0.1', '1.1', '', ' ', 'x', 'NaN']) {
    expect(outcome(share, wrong), wrong).toBe('must be a number from 0 to 1')
  }
})

test('a choice is one of its words, and names them in its refusal and its description', () => {
  const mode = choice(['a', 'b'], 'b', 'which')
  expect(mode).toMatchObject({ fallback: 'b', doc: 'which (a, b)' })
  expect([outcome(mode, 'a'), outcome(mode, 'b'), outcome(mode, 'A')]).toEqual(['a', 'b', 'must be one of a, b'])
})

test('what is not set has its fallback; a given text is parsed; only secrets are hidden', () => {
  const settings = { NAME: text('n', ''), KEY: secret('k', ''), PORT: integer(1, ''), PASSWORD: secret('', '') }
  expect(settings.NAME.secret).toBeUndefined()
  expect(settings.KEY.secret).toBe(true)
  expect(readSettings(settings, {})).toEqual({ NAME: 'n', KEY: 'k', PORT: 1, PASSWORD: '' })
  const env = { NAME: 'x', KEY: '', PORT: '5', PASSWORD: 'p', OTHER: 'o' }
  expect(readSettings(settings, env)).toEqual({ NAME: 'x', KEY: 'k', PORT: 5, PASSWORD: 'p' })
  const hidden = { ...settings.KEY, parse: integer(0, '').parse }
  const read = () => readSettings({ ...settings, HIDDEN: hidden }, { PORT: 'many', HIDDEN: 'word' })
  const range = `must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`
  expect(read).toThrow(ConfigurationError)
  expect(read).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      message: `The configuration cannot be used:\n  PORT ${range} (it is "many")\n  HIDDEN ${range}`,
    }),
  )
})
