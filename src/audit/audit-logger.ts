import { ConsumerRole, type ConsumerRoleParts } from '../consumer-role/consumer-role.ts'
import { GROUPS, TOPICS } from '../events/topics.ts'
import { inBatches } from '../kafka/consumer/handling.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import type { DatabaseClock } from '../postgres/clock-skew.ts'
import type { Pool } from '../postgres/pool.ts'
import { sleep } from '../runtime/backoff.ts'
import { RepeatedFailure } from '../runtime/repeated-failure.ts'
import { RoundLoop } from '../runtime/round-loop.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { ensureSigningKey } from './anchor-key.ts'
import { dropAnchors } from './anchor-store.ts'
import { Anchorer } from './anchorer.ts'
import { AuditLog } from './append-log.ts'
import { auditEntry } from './audit-entry.ts'
import { dayOf } from './audit-files.ts'
import type { auditSettings } from './config.ts'
import { dropDays } from './drop-days.ts'

const BATCH_RECORDS_MAX = 5_000
const TIDY_MS = 3_600_000
const DAY_MS = 86_400_000
/** A server that is unavailable must not hold up the stop; the next start anchors. */
const SHUTDOWN_ANCHOR_MS_MAX = 5_000

export interface AuditLoggerParts extends ConsumerRoleParts {
  readonly settings: Values<typeof auditSettings>
  readonly pool: Pool
  readonly producer: Pick<Producer, 'send'>
  readonly clock: DatabaseClock
}

/**
 * The role `audit`: keeps a tamper-evident record of every event and of what administrators do, whatever becomes of
 * Kafka's own. Its chain is anchored in PostgreSQL and Kafka: after its first block, periodically, at a day's end and
 * when it stops.
 */
export class AuditLogger implements Service {
  readonly name = 'audit'
  readonly #parts: AuditLoggerParts
  readonly #consumer: ConsumerRole
  readonly #retentionFailure: RepeatedFailure
  readonly #entries
  readonly #bytes
  readonly #loop = new RoundLoop(() => this.#round())
  #log: AuditLog | null = null
  #anchorer: Anchorer | null = null
  #isHeadUncertain = false
  #tidiedAtMs = Number.NEGATIVE_INFINITY

  constructor(parts: AuditLoggerParts) {
    this.#parts = parts
    const { log, metrics } = parts
    this.#entries = metrics.counter('smsgw_audit_entries_total', 'Records written to the audit log')
    this.#bytes = metrics.counter('smsgw_audit_bytes_total', 'Bytes written to the audit log')
    metrics.gauge(
      'smsgw_audit_anchor_interval_seconds',
      'AUDIT_ANCHOR_SECONDS',
      () => parts.settings.AUDIT_ANCHOR_SECONDS,
    )
    this.#retentionFailure = new RepeatedFailure({ what: 'retention of the audit log', log })
    this.#consumer = new ConsumerRole(parts, {
      name: 'audit',
      group: GROUPS.audit,
      topics: [TOPICS.accepted, TOPICS.status, TOPICS.deadLetters, TOPICS.acts],
      // No request waits for the audit log: few large batches, each one sync of the disk.
      options: { fetchPauseMs: 500 },
      handling: inBatches({ handle: (records) => this.#write(records), recordsMax: BATCH_RECORDS_MAX }),
    })
  }

  async start(): Promise<void> {
    const { settings, clock, health, log } = this.#parts
    const { AUDIT_FOLDER, AUDIT_FILE_BYTES_MAX, AUDIT_KEY_FILE, AUDIT_ANCHOR_SECONDS } = settings
    const { key, isNew } = ensureSigningKey(AUDIT_KEY_FILE)
    if (isNew) log.info({ key: key.id, file: AUDIT_KEY_FILE }, 'audit key created')
    const nowMs = (): number => clock.nowMs()
    this.#log = await AuditLog.open(AUDIT_FOLDER, { fileBytesMax: AUDIT_FILE_BYTES_MAX, nowMs })
    this.#anchorer = new Anchorer(this.#log.chain, this.#log.head, { ...this.#parts, keyFile: AUDIT_KEY_FILE, nowMs })
    void this.#anchor('start')
    await this.#consumer.start()
    this.#loop.start(AUDIT_ANCHOR_SECONDS * 1_000)
    health.add('audit-anchors', this.#anchorer.check)
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    await this.#consumer.stop()
    await Promise.race([this.#anchor('shutdown'), sleep(SHUTDOWN_ANCHOR_MS_MAX)])
    await this.#log?.close()
    this.#log = null
  }

  /** After a failed write it is not known what is on disk, so the log is read again before the next. */
  async #write(records: readonly ConsumedRecord[]): Promise<[]> {
    const log = this.#log!
    if (this.#isHeadUncertain) await log.reopen()
    // Neither is waited for: the head is the one of this moment, and a server that is unavailable must not stop the
    // log.
    if (log.isDayOver) void this.#anchor('day-end')
    this.#isHeadUncertain = true
    const bytes = await log.append(records.map(auditEntry))
    this.#isHeadUncertain = false
    this.#anchorer!.written(log.head.seq)
    if (this.#anchorer!.anchoredLines === 0) void this.#anchor('start')
    this.#entries.inc(records.length)
    this.#bytes.inc(bytes)
    return []
  }

  async #anchor(cause: 'start' | 'interval' | 'day-end' | 'shutdown'): Promise<void> {
    if (this.#log && this.#log.head.seq > 0) await this.#anchorer?.anchor(this.#log.head, cause)
  }

  /** Returns how long to wait for the next one. */
  async #round(): Promise<number> {
    await this.#anchor('interval')
    if (performance.now() - this.#tidiedAtMs >= TIDY_MS) {
      try {
        await this.#tidy()
        this.#tidiedAtMs = performance.now()
        this.#retentionFailure.succeeded()
      } catch (error) {
        this.#retentionFailure.failed(error)
      }
    }
    return this.#parts.settings.AUDIT_ANCHOR_SECONDS * 1_000
  }

  /** Drops the days and anchors whose retention has ended. */
  async #tidy(): Promise<void> {
    const { pool, settings, clock, log } = this.#parts
    const { AUDIT_FOLDER, AUDIT_RETENTION_DAYS, AUDIT_ANCHOR_DAYS } = settings
    await dropAnchors(pool, AUDIT_ANCHOR_DAYS)
    if (AUDIT_RETENTION_DAYS === 0) return
    const beforeDay = dayOf(clock.nowMs() - AUDIT_RETENTION_DAYS * DAY_MS)
    const anchorer = this.#anchorer!
    const dropped = await dropDays(AUDIT_FOLDER, beforeDay, anchorer.anchoredLines, (end) =>
      anchorer.state({ kind: 'removed', lines: end.seq, hash: end.hash, cause: 'expired' }),
    )
    if (dropped.length > 0) log.info({ days: dropped }, 'audit log days deleted after AUDIT_RETENTION_DAYS')
  }
}
