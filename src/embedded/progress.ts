import { ExpectedError } from '../runtime/expected-error.ts'
/** Where long work says how far it is. `part` names what is being prepared, `text` what is done with it. */
export type Progress = (part: string, text: string) => void

export const silent: Progress = () => {}

/** A part of the environment that is missing or unusable, with what to do about it. */
export class EnvironmentError extends ExpectedError {
  override readonly name = 'EnvironmentError'
  readonly remedy: string

  constructor(problem: string, remedy: string) {
    super(`${problem}\n  ${remedy}`)
    this.remedy = remedy
  }
}
