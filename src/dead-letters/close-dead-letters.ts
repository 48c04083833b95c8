import type { QueryConfig } from 'pg'
import { PLACES } from './claim-dead-letters.ts'
import type { DeadLetterPlace } from './dead-letter-id.ts'

/** Closes dead letters that are claimed and open; a redrive is counted. */
export function closeDeadLetters(
  places: readonly DeadLetterPlace[],
  state: 'redriven' | 'discarded',
  by: string,
  actionId: number,
): QueryConfig {
  return {
    name: 'dlq-close',
    text: `UPDATE dead_letters SET state = $1, redrives = redrives + ($1 = 'redriven')::integer, closed_by = $2,
             closed_at = now(), revision = revision + 1, actions = actions || $3::bigint
           FROM ${PLACES.from('place', 4)}
           WHERE dlq_partition = partition_ AND dlq_offset = offset_`,
    values: [state, by, actionId, ...PLACES.values(places)],
  }
}
