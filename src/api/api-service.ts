import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { AcceptQueue } from '../accept/accept-queue.ts'
import { IdSlotLease } from '../accept/id-slot-lease.ts'
import { OutboxLevel } from '../accept/outbox-level.ts'
import { MessageRouter } from '../accept/route-messages.ts'
import type { OperatorDirectory } from '../operators/operator-directory.ts'
import type { Portability } from '../operators/portability/portability.ts'
import type { Pool } from '../postgres/pool.ts'
import type { DiskWatch } from '../runtime/disk-watch.ts'
import type { Health } from '../runtime/health.ts'
import type { Log } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { ensurePartitions } from '../tables/ensure-partitions.ts'
import type { apiSettings } from './config.ts'
import { prepareDocuments } from './documents/serve-documents.ts'
import { doorLimits } from './limits/door-limits.ts'
import { createApi } from './server.ts'

const PARTITION_CHECK_MS = 3_600_000

export interface ApiServiceParts {
  readonly settings: Values<typeof apiSettings>
  readonly pool: Pool
  readonly operators: Pick<OperatorDirectory, 'current'>
  readonly portability: Portability
  readonly disk: Pick<DiskWatch, 'lowFolder'>
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
  /** Called when messages were accepted, for a relay in this process. */
  readonly accepted: () => void
}

/** The role `api`. */
export class ApiService implements Service {
  readonly name = 'api'
  readonly #parts: ApiServiceParts
  readonly #queue: AcceptQueue
  readonly #outbox: OutboxLevel
  readonly #ids: IdSlotLease
  #app: FastifyInstance | null = null
  #partitionTimer: NodeJS.Timeout | null = null

  constructor(parts: ApiServiceParts) {
    this.#parts = parts
    const { settings, pool, accepted, health, metrics, log } = parts
    this.#outbox = new OutboxLevel(pool, settings.OUTBOX_ROWS_MAX, log)
    this.#ids = new IdSlotLease(pool, log)
    health.add('message ids', this.#ids.check)
    this.#queue = new AcceptQueue({
      pool,
      ids: this.#ids,
      nowMs: () => this.#ids.nowMs(),
      transactionsMax: settings.ACCEPT_TRANSACTIONS_MAX,
      batchMessagesMax: settings.ACCEPT_BATCH_MESSAGES_MAX,
      gatherMs: settings.ACCEPT_GATHER_MS,
      waitingMessagesMax: settings.ACCEPT_WAITING_MESSAGES_MAX,
      isOutboxFull: () => this.#outbox.isFull,
      isDiskLow: () => parts.disk.lowFolder !== null,
      accepted,
      messageFailed: (customerId, err) =>
        log.error({ err, customerId }, 'message refused by PostgreSQL; others accepted'),
    })
    metrics.gauge('smsgw_outbox_rows', 'Messages pending in the outbox, as estimated', () => this.#outbox.rows)
    metrics.gauge('smsgw_accept_waiting_messages', 'Messages waiting to be accepted', () => this.#queue.waitingMessages)
  }

  /** Where the API listens. */
  get url(): string {
    const { port } = this.#app!.server.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  async start(): Promise<void> {
    const { settings, pool, operators, portability, log } = this.#parts
    await ensurePartitions(pool, Date.now())
    await this.#outbox.start()
    await this.#ids.start()
    this.#partitionTimer = setInterval(() => {
      ensurePartitions(pool, Date.now()).catch((error) => log.error({ err: error }, 'failed to create partitions'))
    }, PARTITION_CHECK_MS).unref()
    const { SEGMENTS_MAX: segmentsMax, SEND_AHEAD_DAYS_MAX: sendAheadDaysMax } = settings
    const nowMs = (): number => this.#ids.nowMs()
    const router = new MessageRouter({ operators, portability, segmentsMax, sendAheadDaysMax, nowMs })
    this.#app = await createApi({
      ...this.#parts,
      router,
      queue: this.#queue,
      trustProxy: settings.TRUST_PROXY,
      limits: doorLimits(settings),
    })
    await prepareDocuments()
    await this.#app.listen({ port: settings.PORT, host: settings.HOST })
    log.info({ url: this.url }, 'API listening')
  }

  /** Answers what it has taken, then closes its port. */
  async stop(): Promise<void> {
    if (this.#partitionTimer) clearInterval(this.#partitionTimer)
    await this.#app?.close()
    await this.#queue.drain()
    await this.#ids.stop()
    await this.#parts.portability.stop()
    await this.#outbox.stop()
  }
}
