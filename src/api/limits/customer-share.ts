import type { AcceptQueue } from '../../accept/accept-queue.ts'
import { Problem } from '../../domain/errors.ts'

export type SubmitQueue = Pick<AcceptQueue, 'submit'>

export interface ShareOptions {
  /** Messages of one customer between their request and its answer, waiting or in a transaction; 0: no limit. */
  readonly customerMessagesMax: number
  /** A request with more messages does not share a transaction, and holds it for long: one of those goes at a time. */
  readonly largeFrom: number
}

/**
 * An accept queue of which each customer may fill a fixed part, so that one customer with many connections does not take
 * it from others, and in which large requests leave transactions to small ones. The part is a policy, set by
 * CUSTOMER_MESSAGES_UNDER_WAY_MAX; the queue itself also refuses a customer that has more waiting than it has room left
 * (`AcceptQueue`), however this is set. Throws what the queue does, and Problem `too-many-requests`.
 */
export function shareByCustomer(queue: SubmitQueue, { customerMessagesMax, largeFrom }: ShareOptions): SubmitQueue {
  const underWay = new Map<string, number>()
  let large: Promise<unknown> = Promise.resolve()
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = large.then(work)
    large = result.catch(() => {})
    return result
  }
  return {
    submit: async (request) => {
      const { customerId } = request
      const before = underWay.get(customerId) ?? 0
      const size = request.rows.length
      // A batch alone is let in, however large: it is bounded by itself.
      if (customerMessagesMax > 0 && before > 0 && before + size > customerMessagesMax) {
        throw new Problem(
          'too-many-requests',
          `You have ${before} messages being accepted, and ${customerMessagesMax} is the most; wait for their answers.`,
        )
      }
      underWay.set(customerId, before + size)
      try {
        return await (size < largeFrom ? queue.submit(request) : inTurn(async () => queue.submit(request)))
      } finally {
        const left = underWay.get(customerId)! - size
        if (left > 0) underWay.set(customerId, left)
        else underWay.delete(customerId)
      }
    },
  }
}
