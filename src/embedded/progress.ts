import { ExpectedError } from '../runtime/expected-error.ts'

/**
 * Where long work reports how far it is. `part` names what is being prepared, `text` what is done with it. A `count` comes
 * many times, each in the place of the one before.
 */
export type Progress = (part: string, text: string, kind?: 'step' | 'count') => void

/** A part of the environment that is missing or unusable, with what to do about it. */
export class EnvironmentError extends ExpectedError {
  override readonly name = 'EnvironmentError'
  readonly remedy: string

  constructor(problem: string, remedy: string) {
    super(`${problem}\n  ${remedy}`)
    this.remedy = remedy
  }
}
