import type { QueryConfig } from 'pg'
import { arraysOf } from './claim-letters.ts'
import type { LetterPlace } from './letter-id.ts'

/** Closes dead letters that are claimed and open; a redrive is counted. */
export function closeLetters(
  places: readonly LetterPlace[],
  state: 'redriven' | 'discarded',
  by: string,
  actionId: number,
): QueryConfig {
  return {
    name: 'dlq-close',
    text: `UPDATE dead_letters SET state = $3, redrives = redrives + ($3 = 'redriven')::integer, closed_by = $4,
             closed_at = now(), revision = revision + 1, actions = actions || $5::bigint
           FROM unnest($1::integer[], $2::bigint[]) AS place (partition_, offset_)
           WHERE dlq_partition = partition_ AND dlq_offset = offset_`,
    values: [...arraysOf(places), state, by, actionId],
  }
}
