import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createCustomer, issueKey, topUp } from '../../../src/accounts/accounts.ts'
import { type ClickHouse, createClickHouse } from '../../../src/clickhouse/clickhouse-client.ts'
import { outboxShard } from '../../../src/domain/outbox-shard.ts'
import { partitionOfKey } from '../../../src/kafka/wire/murmur2.ts'
import { createPool, type Pool } from '../../../src/postgres/pool.ts'
import { createEndpoint } from '../../../src/webhooks/endpoints.ts'
import type { SeededRandom } from '../../gateway/seeded-random.ts'
import { audit } from '../audit/all-rules.ts'
import { collectFacts } from '../audit/collect-facts.ts'
import type { CommitFacts, Finding } from '../audit/facts.ts'
import type { Canary } from '../audit/scan-logs.ts'
import { CommitWatch } from '../audit/watch-commits.ts'
import type { BrokenSystem, PlantedRecord } from '../faults/fault.ts'
import { AcceptanceLog } from '../load/acceptance-log.ts'
import { LoadClient, type LoadCustomer, PHONE_BLOCK } from '../load/load-client.ts'
import { WebhookSink } from '../load/webhook-sink.ts'
import type { BreakableServers } from '../system/breakable-servers.ts'
import { GatewayProcesses, type ProcessPlan } from '../system/gateway-processes.ts'
import { drain } from './drain.ts'
import { insist } from './insist.ts'
import { type ResumedWrites, timeWrites } from './time-writes.ts'

export interface TestbedOptions {
  readonly servers: BreakableServers
  /** For everything that this testbed writes, logs included. */
  readonly folder: string
  readonly database: string
  readonly plan: readonly ProcessPlan[]
  readonly env: NodeJS.ProcessEnv
  readonly preloads?: readonly string[]
  readonly ratePerSecond: number
  readonly phonesPerCustomer: number
  readonly random: SeededRandom
  readonly signal: AbortSignal
  readonly notify: (what: string) => void
}

const OPENING_BALANCE = 1_000_000_000
/** Two shards with several customers each, one for each relay: rows of one shard then come from many transactions. */
const SHARDS = [0, 8]
const CUSTOMERS_PER_SHARD = 4

/** A gateway with customers, load, a receiver of webhooks, and a watch over commits: all that an audit needs. */
export class Testbed {
  readonly gateway: GatewayProcesses
  readonly resumed: Promise<ResumedWrites>[] = []
  readonly #options: TestbedOptions
  readonly #sink: WebhookSink
  readonly #planted: PlantedRecord[] = []
  readonly #canaries: Canary[]
  readonly #canary: string
  readonly #customers: LoadCustomer[] = []
  #log: AcceptanceLog | null = null
  #load: LoadClient | null = null
  #watch: CommitWatch | null = null
  #stopping: Promise<CommitFacts> | null = null

  constructor(options: TestbedOptions) {
    const { servers, folder, database, plan, env, preloads, random } = options
    this.#options = options
    mkdirSync(folder, { recursive: true })
    this.gateway = new GatewayProcesses({ servers, folder, database, plan, env, preloads })
    this.#sink = new WebhookSink(join(folder, 'webhooks.ndjson'))
    this.#canary = `canary${random.between(100_000, 999_999)}`
    this.#canaries = [
      { what: 'a text', text: this.#canary },
      { what: 'a phone number', text: PHONE_BLOCK.slice(1) },
      { what: "the database's password", text: new URL(servers.databaseUrl).password },
    ]
  }

  get load(): LoadClient {
    return this.#load!
  }

  /** Starts the processes, makes customers, and begins to post. */
  async start(): Promise<void> {
    const { folder, phonesPerCustomer, ratePerSecond, random } = this.#options
    const url = await this.#sink.start()
    await this.gateway.start()
    await this.database((pool) => this.#makeCustomers(pool, url))
    this.#log = await AcceptanceLog.open(join(folder, 'client.ndjson'))
    this.#load = new LoadClient({
      apis: this.gateway.apis,
      customers: this.#customers,
      phonesPerCustomer,
      ratePerSecond,
      canary: this.#canary,
      random,
      log: this.#log,
    })
    this.#watch = new CommitWatch(this.#options.servers.cluster)
    this.#watch.start()
    this.#load.start()
  }

  get system(): BrokenSystem {
    const { servers } = this.#options
    return {
      servers,
      gateway: this.gateway,
      database: (work) => this.database(work),
      busyLeader: () => this.#busyLeader(),
      planted: (record) => this.#planted.push(record),
      timeWrites: async (nodeId, breakIt) => {
        const { resumed } = await timeWrites(servers.kafka.brokers, nodeId, breakIt)
        this.resumed.push(resumed)
      },
    }
  }

  /** The load comes to its end, then all that is under way. Returns how long the latter took; null if it did not. */
  async drain(msMax: number, stalledMsMax: number): Promise<number | null> {
    const { servers, notify, signal } = this.#options
    const late = setTimeout(() => {
      notify('posts were not accepted in time, and were given up')
      void this.load.abort()
    }, msMax)
    await this.load.finish()
    clearTimeout(late)
    const clickhouse = this.#clickhouse()
    try {
      return await this.database((pool) =>
        drain({ pool, cluster: servers.cluster, clickhouse, msMax, stalledMsMax, notify, signal }),
      )
    } finally {
      await clickhouse?.close()
    }
  }

  /** Stops the gateway, so that its logs are whole, and audits what it left. */
  async audit(): Promise<Finding[]> {
    const { servers, folder } = this.#options
    const watched = await this.#stopOnce()
    const clickhouse = this.#clickhouse()
    try {
      const facts = await this.database((pool) =>
        collectFacts({
          clientLog: join(folder, 'client.ndjson'),
          ledger: this.gateway.ledgerPath,
          webhookLog: join(folder, 'webhooks.ndjson'),
          auditFolder: this.gateway.auditFolder,
          folder,
          pool,
          cluster: servers.cluster,
          clickhouse,
          watched,
          planted: this.#planted,
          canaries: this.#canaries,
        }),
      )
      return audit(facts)
    } finally {
      await clickhouse?.close()
    }
  }

  /** Releases everything, whatever state it is in. */
  async stop(): Promise<void> {
    await this.#load?.abort()
    await this.#stopOnce()
  }

  async database<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    const url = this.#options.servers.databaseUrlOf(this.#options.database)
    const pool = createPool({ url, applicationName: 'chaos', connectionsMax: 2 })
    try {
      return await work(pool)
    } finally {
      await pool.end()
    }
  }

  async #makeCustomers(pool: Pool, webhookUrl: string): Promise<void> {
    for (const customerId of customerIds()) {
      await createCustomer(pool, { customerId, name: customerId, currency: 'IRR' })
      await topUp(pool, customerId, OPENING_BALANCE)
      const { key } = await issueKey(pool, customerId)
      this.#customers.push({ customerId, apiKey: key })
      this.#canaries.push({ what: 'an API key', text: key.split('_')[3]! })
      if (this.#customers.length % 2 === 0) continue
      const { secret } = await createEndpoint(pool, { customerId, url: webhookUrl + customerId, allowPrivate: true })
      this.#canaries.push({ what: 'a webhook secret', text: secret })
    }
  }

  #stopOnce(): Promise<CommitFacts> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #stopAll(): Promise<CommitFacts> {
    await this.gateway.stop()
    await this.#sink.stop()
    await this.#log?.close()
    return (await this.#watch?.stop()) ?? { looked: 0, back: [] }
  }

  async #busyLeader(): Promise<number> {
    const { cluster } = this.#options.servers
    await insist(() => cluster.watch(['sms.accepted']))
    await insist(() => cluster.refresh())
    const { partitions } = cluster.topic('sms.accepted')!
    return partitions[partitionOfKey(this.#customers[0]!.customerId, partitions.length)]!.leader
  }

  #clickhouse(): ClickHouse | null {
    const { clickhouseUrl } = this.#options.servers
    if (clickhouseUrl === '') return null
    return createClickHouse({
      CLICKHOUSE_URL: clickhouseUrl,
      CLICKHOUSE_DATABASE: 'smsgw',
      CLICKHOUSE_USER: 'default',
      CLICKHOUSE_PASSWORD: '',
    })
  }
}

function customerIds(): string[] {
  const ids: string[] = []
  const left = new Map(SHARDS.map((shard) => [shard, CUSTOMERS_PER_SHARD]))
  for (let n = 0; ids.length < SHARDS.length * CUSTOMERS_PER_SHARD; n++) {
    const customerId = `chaos-${n}`
    const room = left.get(outboxShard(customerId)) ?? 0
    if (room === 0) continue
    left.set(outboxShard(customerId), room - 1)
    ids.push(customerId)
  }
  return ids
}
