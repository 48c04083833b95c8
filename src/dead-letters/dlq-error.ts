import type { ProblemPointer } from '../domain/errors.ts'
import { ExpectedError } from '../runtime/expected-error.ts'

/** What is asked of a dead letter cannot be done; the message says what to do instead. */
export class DlqError extends ExpectedError {
  override readonly name = 'DlqError'
  readonly kind: 'unknown' | 'conflict' | 'invalid'
  /** Where in a value something is wrong. */
  readonly pointers: readonly ProblemPointer[]

  constructor(kind: DlqError['kind'], message: string, pointers: readonly ProblemPointer[] = []) {
    super(message)
    this.kind = kind
    this.pointers = pointers
  }
}

export function unknownDeadLetter(id: string): DlqError {
  return new DlqError(
    'unknown',
    `There is no dead letter "${id}". \`smsgw dlq list --state all\` shows those there are.`,
  )
}

export function busyDeadLetter(id: string): DlqError {
  return new DlqError(
    'conflict',
    `${id} is just being changed by someone else. Look at it again: \`smsgw dlq show ${id}\`.`,
  )
}
