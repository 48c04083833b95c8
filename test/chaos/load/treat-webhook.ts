import { createHash } from 'node:crypto'

/** One in so many events is refused the first time it comes. */
const REFUSED_ONE_IN = 25

/** The status with which the sink answers an event: it depends on the event alone, not on when it comes. */
export function treatWebhook(eventId: string, isFirst: boolean): number {
  if (!isFirst) return 204
  return createHash('sha256').update(eventId).digest().readUInt16BE(0) % REFUSED_ONE_IN === 0 ? 500 : 204
}
