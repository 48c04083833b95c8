import { hash } from 'node:crypto'
import type { Pool } from '../postgres/pool.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { insertOutbox } from '../tables/outbox-entries.ts'
import { type ClaimedDeadLetter, claimDeadLetters, existingDeadLetters } from './claim-dead-letters.ts'
import { type DeadLetterPlace, deadLetterId } from './dead-letter-id.ts'
import { busyDeadLetter, DlqError, unknownDeadLetter } from './dlq-error.ts'
import { subjectOf } from './read-dead-letter.ts'
import { recordAction } from './record-action.ts'
import { editFaults, isRedrivable } from './topic-values.ts'

/** What brokers refuse for its size would hold up the outbox behind it. As much as a dead letter holds. */
const VALUE_BYTES_MAX = 128 * 1_024

export interface Edit {
  readonly by: string
  /** The new value, given the present one. */
  readonly change: (letter: Pick<ClaimedDeadLetter, 'topic' | 'value'>) => string
  /** As the dead letter was shown; null to edit it as it is. */
  readonly revision: number | null
}

/**
 * Changes the value that a redrive will publish; the original is kept. Throws DlqError for an edit that breaks its
 * schema, naming the fields, and for a dead letter that is closed, or was changed since it was shown.
 */
export async function editDeadLetter(pool: Pool, place: DeadLetterPlace, edit: Edit): Promise<void> {
  const id = deadLetterId(place)
  await inTransaction(pool, async (connection) => {
    const [letter] = await claimDeadLetters(connection, { kind: 'places', places: [place] })
    if (!letter)
      throw (await existingDeadLetters(connection, [place])).has(id) ? busyDeadLetter(id) : unknownDeadLetter(id)
    const value = Buffer.from(newValue(letter, edit))
    const before = letter.value ?? Buffer.alloc(0)
    const valueSha256 = { before: hash('sha256', before), after: hash('sha256', value) }
    const action = await recordAction(connection, 'edited', edit.by, { letters: [id], valueSha256 }, Date.now())
    const { smsId, customerId, operator } = subjectOf(value)
    await Promise.all([
      connection.query({
        name: 'dlq-edit',
        text: `UPDATE dead_letters SET edited_value = $3, sms_id = $4, customer_id = $5, operator = $6,
                 revision = revision + 1, actions = actions || $7::bigint
               WHERE dlq_partition = $1 AND dlq_offset = $2`,
        values: [place.partition, place.offset, value, smsId, customerId, operator, action.actionId],
      }),
      connection.query(action.insert),
      connection.query(insertOutbox([action.entry])),
    ])
  })
}

function newValue(letter: ClaimedDeadLetter, { change, revision }: Edit): string {
  const { id, state, topic, closedBy } = letter
  const look = `\`smsgw dlq show ${id}\``
  if (state !== 'open') throw new DlqError('conflict', `${id} was ${state} by ${closedBy}; ${look} has the history.`)
  if (revision !== null && revision !== letter.revision) {
    throw new DlqError('conflict', `${id} was changed since revision ${revision}: look at it again with ${look}.`)
  }
  if (!isRedrivable(topic)) {
    throw new DlqError('conflict', `${id} was for ${topic}, to which nothing is redriven: \`smsgw dlq discard ${id}\`.`)
  }
  const value = change(letter)
  const faults = editFaults(topic, letter.value, Buffer.from(value))
  if (Buffer.byteLength(value) > VALUE_BYTES_MAX) {
    faults.push({ pointer: '/', detail: `has more than ${VALUE_BYTES_MAX} bytes` })
  }
  if (faults.length > 0) {
    const named = faults.map(({ pointer, detail }) => `  ${pointer} ${detail}`).join('\n')
    throw new DlqError(
      'invalid',
      `${id} was not changed: the new value does not fit ${topic}.\n${named}\nSee ${look}.`,
      faults,
    )
  }
  return value
}
