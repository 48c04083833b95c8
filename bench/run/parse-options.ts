import { InvalidArgumentError } from 'commander'

/** A whole number above 0, as an option of the command line. */
export function wholeNumber(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.')
  return value
}

/** Several of them, separated by commas. */
export function wholeNumbers(text: string): number[] {
  return text.split(',').map(wholeNumber)
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('It must be from 0 to 1.')
  return value
}

/** One or more of some words, separated by commas. */
export function someOf<Word extends string>(words: readonly Word[]): (text: string) => Word[] {
  return (text) => {
    const given = text.split(',') as Word[]
    if (given.every((word) => words.includes(word))) return given
    throw new InvalidArgumentError(`Choose from ${words.join(', ')}.`)
  }
}
