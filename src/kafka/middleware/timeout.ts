import type { Outcome } from '../consumer/outcome.ts'
import type { Middleware } from './middleware.ts'

/** A handler had no answer within its time. */
export class HandlerTimeoutError extends Error {
  override readonly name = 'HandlerTimeoutError'
}

/**
 * Gives a handler `msMax` to answer; then the record's signal is aborted, what the handler may still say is not heard,
 * and HandlerTimeoutError is thrown, for the retry around it to decide by. The handler's work goes on unless it heeds
 * the signal, so that its next try may run beside it: what must not be done twice at once needs a guard of its own.
 */
export function timeout(msMax: number): Middleware {
  return (next) => (record) => {
    const answer = next(record)
    if (!(answer instanceof Promise)) return answer
    return new Promise<Outcome>((resolve, reject) => {
      const timer = setTimeout(() => {
        record.abandon()
        reject(new HandlerTimeoutError(`the handler had no answer within ${msMax} ms`))
      }, msMax)
      answer.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }
}
