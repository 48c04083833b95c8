/**
 * What a handler says of a record. Exceptions are for the unexpected only; the retry middleware turns them into one of
 * these.
 * - `done`: never again. The record no longer holds back the watermark.
 * - `retry`: again at `atMs`. The record's lane waits for it, so that its key keeps its order; other lanes go on.
 * - `shed`: not now (a rate is used up, a destination asks for less): again at `atMs`, as with `retry`, but without a
 *   fault: no attempt is counted, and the time until then does not count against the record.
 * - `pause`: nothing can be handled now (a database is unavailable). The consumer as a whole waits; no attempt is
 *   counted.
 * - `dead-letter`: it cannot be handled. A middleware puts it where people look, and then it is done. `isVerdict`
 *   says that the record itself is at fault; where it is not, the handler may be, and a brake keeps such dead letters
 *   few.
 */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly atMs: number }
  | { readonly kind: 'shed'; readonly atMs: number }
  | { readonly kind: 'pause'; readonly untilMs: number }
  | {
      readonly kind: 'dead-letter'
      readonly reason: string
      readonly error: string
      readonly stack?: string
      readonly isVerdict: boolean
    }

/** What remains when the dead letters are dealt with: the outcomes that the consumer itself acts on. */
export type SettledOutcome = Exclude<Outcome, { kind: 'dead-letter' }>

export const DONE: SettledOutcome = { kind: 'done' }

export function retryAt(atMs: number): SettledOutcome {
  return { kind: 'retry', atMs }
}

export function shed(atMs: number): SettledOutcome {
  return { kind: 'shed', atMs }
}

export function pauseUntil(untilMs: number): SettledOutcome {
  return { kind: 'pause', untilMs }
}

/** A verdict on the record: every handler would come to the same, at any time. */
export function deadLetter(reason: string, error: string, stack?: string): Outcome {
  return { kind: 'dead-letter', reason, error, ...(stack === undefined ? {} : { stack }), isVerdict: true }
}

/** The record was given up, and may not be at fault: as far as anyone knows the handler is. */
export function givenUp(reason: string, error: string, stack?: string): Outcome {
  return { kind: 'dead-letter', reason, error, ...(stack === undefined ? {} : { stack }), isVerdict: false }
}
