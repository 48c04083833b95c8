import { ConsumerRole, type ConsumerRoleParts } from '../consumer-role/consumer-role.ts'
import { DEAD_LETTER_REASONS } from '../events/dead-letter.ts'
import { isActionType } from '../events/dead-letter-action.ts'
import { GROUPS, TOPICS } from '../events/topics.ts'
import { inBatches } from '../kafka/consumer/handling.ts'
import { type ConsumedRecord, headerOf } from '../kafka/wire/consumed-record.ts'
import type { Pool } from '../postgres/pool.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import type { dlqSettings } from './config.ts'
import { keepDeadLetters } from './store-dead-letters.ts'

const BATCH_RECORDS_MAX = 500
/** Closed dead letters removed in one statement, once a sample. */
const FORGOTTEN_MAX = 1_000

export interface DeadLetterKeeperParts extends ConsumerRoleParts {
  readonly settings: Values<typeof dlqSettings>
  readonly pool: Pool
}

/**
 * The role `dlq`: brings dead letters from `sms.dlq` into PostgreSQL, where they are searched, and counts the open
 * ones.
 */
export class DeadLetterKeeper implements Service {
  readonly name = 'dlq'
  readonly #parts: DeadLetterKeeperParts
  readonly #consumer: ConsumerRole
  readonly #sampleFailure: RepeatedFailure
  readonly #records
  readonly #oldest
  #timer: NodeJS.Timeout | null = null
  #sampling: Promise<void> | null = null

  constructor(parts: DeadLetterKeeperParts) {
    this.#parts = parts
    const { log, metrics } = parts
    this.#records = metrics.gaugeSet('smsgw_dlq_records', 'Open dead letters', ['reason'])
    this.#oldest = metrics.gaugeSet('smsgw_dlq_oldest_age_seconds', 'Age of the oldest open dead letter; 0 if none', [])
    this.#sampleFailure = new RepeatedFailure({ what: 'count of open dead letters', log })
    this.#consumer = new ConsumerRole(parts, {
      name: 'dlq',
      group: GROUPS.deadLetters,
      topics: [TOPICS.deadLetters],
      options: { fetchPauseMs: 200 },
      handling: inBatches({ handle: (records) => this.#keep(records), recordsMax: BATCH_RECORDS_MAX }),
    })
  }

  async start(): Promise<void> {
    await this.#consumer.start()
    const { settings } = this.#parts
    const failure = this.#sampleFailure
    this.#timer = setInterval(() => {
      this.#sampling ??= this.#sample()
        .then(
          () => failure.succeeded(),
          (error) => void failure.failed(error),
        )
        .finally(() => {
          this.#sampling = null
        })
    }, settings.DLQ_SAMPLE_MS)
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    await this.#consumer.stop()
    await this.#sampling
  }

  async #keep(records: readonly ConsumedRecord[]): Promise<[]> {
    const letters = records.filter((record) => !isActionType(headerOf(record, 'ce_type')))
    await keepDeadLetters(this.#parts.pool, letters, ({ partition, offset }, error) => {
      this.#parts.log.warn(
        { err: error, partition, offset },
        'dead letter refused by PostgreSQL; stored in a reduced form',
      )
    })
    return []
  }

  async #sample(): Promise<void> {
    const { pool, settings } = this.#parts
    const { rows } = await pool.query<{ reason: string; records: number; oldest_seconds: number }>({
      name: 'dlq-count-open',
      text: `SELECT reason, count(*) AS records,
               coalesce(extract(epoch FROM clock_timestamp()
                 - min(failed_at) FILTER (WHERE failed_at > now() - interval '400 days'))::float8, 0) AS oldest_seconds
             FROM dead_letters WHERE state = 'open' GROUP BY reason`,
    })
    // Every reason has a value, so that its first dead letter shows as a rise.
    for (const reason of DEAD_LETTER_REASONS) this.#records.set({ reason }, 0)
    for (const { reason, records } of rows) this.#records.set({ reason }, records)
    this.#oldest.set(Math.max(0, ...rows.map(({ oldest_seconds }) => oldest_seconds)))
    await pool.query({
      name: 'dlq-forget-closed',
      text: `DELETE FROM dead_letters WHERE ctid = ANY(ARRAY(SELECT ctid FROM dead_letters
               WHERE closed_at < now() - $1 * interval '1 day' ORDER BY closed_at LIMIT ${FORGOTTEN_MAX}))`,
      values: [settings.DLQ_KEEP_DAYS],
    })
  }
}
