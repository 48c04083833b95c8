import type { QueryConfig } from 'pg'
import { isItemFault } from '../../postgres/database-errors.ts'
import type { Pool } from '../../postgres/pool.ts'
import { RowArrays } from '../../postgres/row-arrays.ts'
import { WriteTogether } from '../../postgres/write-together.ts'
import { isolateFailures } from '../../runtime/isolate-failures.ts'
import type { Log } from '../../runtime/log.ts'
import type { IncomingMessage } from '../connectors/connector.ts'

/** `repeated`: it was there, and its operator did not hear so. `reduced`: PostgreSQL takes it only without its words. */
export type IncomingOutcome = 'stored' | 'repeated' | 'reduced'

export interface IncomingMessagesParts {
  readonly pool: Pick<Pool, 'query'>
  readonly log: Pick<Log, 'error'>
  readonly counted: (operator: string, outcome: IncomingOutcome) => void
}

interface Row {
  readonly operator: string
  readonly message: IncomingMessage
}

const ROWS = new RowArrays<Row>({
  operator: ['text', ({ operator }) => operator],
  kind: ['text', ({ message }) => message.kind],
  from_address: ['text', ({ message }) => message.from],
  to_address: ['text', ({ message }) => message.to],
  text: ['text', ({ message }) => message.text],
  data_coding: ['smallint', ({ message }) => message.dataCoding],
  concat_reference: ['integer', ({ message }) => message.concatenation?.reference ?? null],
  concat_total: ['smallint', ({ message }) => message.concatenation?.total ?? null],
  concat_part: ['smallint', ({ message }) => message.concatenation?.part ?? null],
  octets: ['bytea', ({ message }) => message.octets],
  octets_total: ['integer', ({ message }) => message.octetsTotal],
  digest: ['text', ({ message }) => message.digest],
  is_repetition: ['boolean', ({ message }) => message.isRepetition ?? false],
})

const BATCH_MAX = 500

/** Stores messages from subscribers, those that arrive together in one statement. */
export class IncomingMessages {
  readonly #parts: IncomingMessagesParts
  readonly #rows: WriteTogether<Row>

  constructor(parts: IncomingMessagesParts) {
    this.#parts = parts
    this.#rows = new WriteTogether((rows) => this.#write(rows), BATCH_MAX)
  }

  /** Resolves when it is committed. Throws while the database is unavailable: the operator sends it again. */
  async store(operator: string, message: IncomingMessage): Promise<void> {
    await this.#rows.add({ operator, message })
  }

  async #write(rows: readonly Row[]): Promise<void> {
    const { counted } = this.#parts
    const outcomes = await isolateFailures<Row, IncomingOutcome>(rows, {
      apply: (items) => this.#insert(items),
      isItemFault,
      isolated: async (row, error) => {
        const { operator, message } = row
        this.#parts.log.error(
          { err: error, operator, digest: message.digest },
          'incoming message stored without its text',
        )
        await this.#insert([{ operator, message: { ...message, from: '', to: '', text: null } }])
        return 'reduced' as const
      },
    })
    for (const [index, { operator }] of rows.entries()) counted(operator, outcomes[index]!)
  }

  async #insert(rows: readonly Row[]): Promise<IncomingOutcome[]> {
    const { rows: stored } = await this.#parts.pool.query<{ place: number }>(insertIncoming(rows))
    const places = new Set(stored.map(({ place }) => place))
    return rows.map((_, index) => (places.has(index + 1) ? 'stored' : 'repeated'))
  }
}

/**
 * Inserts messages, but for those that surely are there already: what their operator sends again for want of our
 * acknowledgement. One that says the same as another of the last minutes, and may be a subscriber's second, is flagged.
 * Returns the places, from 1, of those that are new.
 */
function insertIncoming(rows: readonly Row[]): QueryConfig {
  return {
    name: 'incoming-insert',
    text: `WITH given AS (
             SELECT *, EXISTS (SELECT FROM incoming_messages AS known WHERE known.digest = one.digest
                 AND known.operator = one.operator AND known.received_at > now() - interval '1 day') AS is_known,
               EXISTS (SELECT FROM incoming_messages AS known WHERE known.digest = one.digest
                 AND known.operator = one.operator AND known.received_at > now() - interval '10 minutes')
                 OR row_number() OVER (PARTITION BY digest, operator ORDER BY place) > 1 AS is_like_another
             FROM ${ROWS.fromInOrder('one')}),
           inserted AS (
             INSERT INTO incoming_messages (operator, kind, from_address, to_address, text, data_coding,
               concat_reference, concat_total, concat_part, octets, octets_total, digest, possible_duplicate)
             SELECT operator, kind, from_address, to_address, text, data_coding, concat_reference, concat_total,
               concat_part, octets, octets_total, digest, is_like_another
             FROM given WHERE NOT (is_repetition AND is_known) ORDER BY place)
           SELECT place::integer FROM given WHERE NOT (is_repetition AND is_known)`,
    values: ROWS.values(rows),
  }
}
