import { ExpectedError } from '../../runtime/expected-error.ts'

/** A secret that was found, and that the operator's protocol cannot carry. */
export class UnfitSecretError extends ExpectedError {
  override readonly name = 'UnfitSecretError'
}

/** What reads could not find, a sentence each. Throws UnfitSecretError if one of them does. */
export function missingOf(reads: readonly (() => unknown)[]): string[] {
  return reads.flatMap((read) => {
    try {
      read()
      return []
    } catch (error) {
      if (error instanceof UnfitSecretError) throw error
      return [(error as Error).message]
    }
  })
}
