import { Problem } from '../../domain/errors.ts'
import type { AcceptQueue } from '../accept/accept-queue.ts'

export type SubmitQueue = Pick<AcceptQueue, 'submit'>

/**
 * An accept queue of which each customer may fill a part: messages under way beyond `messagesMax` (0: no limit) are
 * refused, so that one customer with many connections does not take the queue from others.
 */
export function shareByCustomer(queue: SubmitQueue, messagesMax: number): SubmitQueue {
  const underWay = new Map<string, number>()
  if (messagesMax === 0) return queue
  return {
    submit: async (request) => {
      const { customerId } = request
      const before = underWay.get(customerId) ?? 0
      const size = request.drafts.length
      // A batch alone is let in, however large: it is bounded by itself.
      if (before > 0 && before + size > messagesMax) {
        throw new Problem(
          'too-many-requests',
          `You have ${before} messages being accepted, and ${messagesMax} is the most; wait for their answers.`,
        )
      }
      underWay.set(customerId, before + size)
      try {
        return await queue.submit(request)
      } finally {
        const left = underWay.get(customerId)! - size
        if (left > 0) underWay.set(customerId, left)
        else underWay.delete(customerId)
      }
    },
  }
}
