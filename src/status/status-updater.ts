import { ConsumerRole, type ConsumerRoleParts } from '../consumer-role/consumer-role.ts'
import type { RoleDeadLetters } from '../consumer-role/role-dead-letters.ts'
import { GROUPS, TOPICS } from '../events/topics.ts'
import { inBatches } from '../kafka/consumer/handling.ts'
import { DONE, type SettledOutcome, shed } from '../kafka/consumer/outcome.ts'
import type { RecordState } from '../kafka/consumer/record-state.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { applyReads, ofOneMessage, type ReadStatus, readStatus } from './apply-reads.ts'
import type { statusSettings } from './config.ts'

export interface StatusUpdaterParts extends ConsumerRoleParts {
  readonly settings: Values<typeof statusSettings>
  readonly pool: Pool
  /** For dead letters. */
  readonly producer: Pick<Producer, 'send'>
}

/** The role `status`: applies the events of `sms.status` to PostgreSQL and settles the ledger by them. */
export class StatusUpdater implements Service {
  readonly name = 'status'
  readonly #pool: Pool
  readonly #consumer: ConsumerRole
  readonly #delay

  constructor(parts: StatusUpdaterParts) {
    const { settings, pool, producer, metrics } = parts
    this.#pool = pool
    this.#delay = metrics.histogram(
      'smsgw_status_delay_seconds',
      'From a status until PostgreSQL has it, oldest of a batch',
    )
    this.#consumer = new ConsumerRole(parts, {
      name: 'status',
      group: GROUPS.status,
      topics: [TOPICS.status],
      options: { fetchPauseMs: 150 },
      producer,
      handling: (letters) =>
        inBatches({
          handle: (records, states) => this.#handle(records, states, letters),
          recordsMax: settings.STATUS_BATCH_RECORDS_MAX,
        }),
    })
  }

  start(): Promise<void> {
    return this.#consumer.start()
  }

  stop(): Promise<void> {
    return this.#consumer.stop()
  }

  /** While braked one message is tried at a time, and the rest of the batch waits. */
  async #handle(
    records: readonly ConsumedRecord[],
    states: readonly RecordState[],
    letters: RoleDeadLetters,
  ): Promise<readonly SettledOutcome[]> {
    const { brake } = letters
    const nowMs = performance.now()
    const verdict = brake.admit(nowMs)
    if (verdict.kind === 'wait') return records.map(() => shed(Date.now() + verdict.untilMs - nowMs))
    const reads = records.map(readStatus)
    const tried = brake.braked ? ofOneMessage(reads) : reads
    await applyReads(tried, { pool: this.#pool, brake })
    const [oldest] = records
    if (oldest) this.#delay.observe(Math.max(0, Date.now() - oldest.timestampMs) / 1_000)
    return Promise.all(reads.map((each, index) => settle(each, states[index]!.failures + 1, letters)))
  }
}

function settle(
  { record, state }: ReadStatus,
  attempts: number,
  letters: RoleDeadLetters,
): SettledOutcome | Promise<SettledOutcome> {
  if (state.kind === 'applied') return DONE
  return state.kind === 'refused' ? letters.publishOrKeep(record, { ...state, attempts }) : shed(Date.now())
}
