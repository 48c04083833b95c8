import type { QueryConfig } from 'pg'
import { booleanArray, numberArray, textArray } from '../../postgres/array-literal.ts'
import { isItemFault } from '../../postgres/database-errors.ts'
import type { Pool } from '../../postgres/pool.ts'
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
  const messages = rows.map(({ message }) => message)
  return {
    name: 'incoming-insert',
    text: `WITH given AS (
             SELECT *, EXISTS (SELECT FROM incoming_messages AS known WHERE known.digest = one.digest
                 AND known.operator = one.operator AND known.received_at > now() - interval '1 day') AS is_known,
               EXISTS (SELECT FROM incoming_messages AS known WHERE known.digest = one.digest
                 AND known.operator = one.operator AND known.received_at > now() - interval '10 minutes')
                 OR row_number() OVER (PARTITION BY digest, operator ORDER BY place) > 1 AS is_like_another
             FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::integer[],
               $8::smallint[], $9::smallint[], $10::bytea[], $11::integer[], $12::text[], $13::boolean[])
               WITH ORDINALITY AS one (operator, kind, from_address, to_address, text, data_coding, concat_reference,
                 concat_total, concat_part, octets, octets_total, digest, is_repetition, place)),
           inserted AS (
             INSERT INTO incoming_messages (operator, kind, from_address, to_address, text, data_coding,
               concat_reference, concat_total, concat_part, octets, octets_total, digest, possible_duplicate)
             SELECT operator, kind, from_address, to_address, text, data_coding, concat_reference, concat_total,
               concat_part, octets, octets_total, digest, is_like_another
             FROM given WHERE NOT (is_repetition AND is_known) ORDER BY place)
           SELECT place::integer FROM given WHERE NOT (is_repetition AND is_known)`,
    values: [
      textArray(rows.map(({ operator }) => operator)),
      textArray(messages.map(({ kind }) => kind)),
      textArray(messages.map(({ from }) => from)),
      textArray(messages.map(({ to }) => to)),
      textArray(messages.map(({ text }) => text)),
      numberArray(messages.map(({ dataCoding }) => dataCoding)),
      numberArray(messages.map(({ concatenation }) => concatenation?.reference ?? null)),
      numberArray(messages.map(({ concatenation }) => concatenation?.total ?? null)),
      numberArray(messages.map(({ concatenation }) => concatenation?.part ?? null)),
      messages.map(({ octets }) => octets),
      numberArray(messages.map(({ octetsTotal }) => octetsTotal)),
      textArray(messages.map(({ digest }) => digest)),
      booleanArray(messages.map(({ isRepetition }) => isRepetition ?? false)),
    ],
  }
}
