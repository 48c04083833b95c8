import { GROUPS, TOPICS } from '../events/topics.ts'
import type { Cluster } from '../kafka/cluster/cluster.ts'
import { Consumer } from '../kafka/consumer/consumer.ts'
import { consumerOptions } from '../kafka/consumer/consumer-options.ts'
import { inBatches } from '../kafka/consumer/handling.ts'
import type { ConsumedRecord } from '../kafka/wire/record-batch-decode.ts'
import { addConsumerHealth } from '../runtime/add-consumer-health.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import { type ObservedConsumer, observeConsumer } from '../runtime/observe-kafka.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { AuditLog } from './append-log.ts'
import { auditEntry } from './audit-entry.ts'
import type { auditSettings } from './config.ts'

const BATCH_RECORDS_MAX = 5_000

export interface AuditLoggerParts {
  readonly settings: Values<typeof auditSettings>
  /** A lasting name of this process as a member of its group; null for none. */
  readonly instanceId: string | null
  readonly cluster: Cluster
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
}

/** The role `audit`: keeps a tamper-evident record of every event, whatever becomes of Kafka's own. */
export class AuditLogger implements Service {
  readonly name = 'audit'
  readonly #parts: AuditLoggerParts
  readonly #observer: ObservedConsumer
  readonly #consumer: Consumer
  readonly #entries
  #log: AuditLog | null = null
  #isInDoubt = false

  constructor(parts: AuditLoggerParts) {
    this.#parts = parts
    const { cluster, log, metrics, instanceId } = parts
    this.#entries = metrics.counter('smsgw_audit_entries_total', 'Records written to the audit log')
    this.#observer = observeConsumer(log, metrics, GROUPS.audit)
    this.#consumer = new Consumer(
      cluster,
      consumerOptions(
        { groupId: GROUPS.audit, topics: [TOPICS.accepted, TOPICS.status, TOPICS.deadLetters] },
        // Nobody waits for the audit log: few large batches, each one sync of the disk.
        { groupInstanceId: instanceId, fetchBytesMin: 1, fetchPauseMs: 500 },
      ),
      inBatches({ handle: (records) => this.#write(records), recordsMax: BATCH_RECORDS_MAX }),
      this.#observer,
    )
  }

  async start(): Promise<void> {
    const { AUDIT_FOLDER, AUDIT_FILE_BYTES_MAX } = this.#parts.settings
    this.#log = await AuditLog.open(AUDIT_FOLDER, AUDIT_FILE_BYTES_MAX)
    await this.#consumer.start()
    addConsumerHealth(this.#parts.health, 'audit', { consumer: this.#consumer, observer: this.#observer })
  }

  async stop(): Promise<void> {
    await this.#consumer.stop()
    await this.#log?.close()
    this.#log = null
  }

  /** After a failed write it is not known what is on disk, so the log is read again before the next. */
  async #write(records: readonly ConsumedRecord[]): Promise<[]> {
    if (this.#isInDoubt) await this.#log!.reopen()
    this.#isInDoubt = true
    await this.#log!.append(records.map(auditEntry))
    this.#isInDoubt = false
    this.#entries.inc(records.length)
    return []
  }
}
