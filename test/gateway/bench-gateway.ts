import { freePort } from '../../src/embedded/free-port.ts'
import type { Progress } from '../../src/embedded/progress.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { createPool } from '../../src/postgres/pool.ts'
import { gatewaySettings } from '../../src/process/settings.ts'
import { type RunningGateway, startGateway } from '../../src/process/supervisor/up.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { createEndpoint } from '../../src/webhooks/endpoints.ts'
import { customerIdOf, fillCustomers, issueKeys, someCustomers } from './fill/fill-customers.ts'
import { silent } from './silent-progress.ts'

/** Filling tables with millions of rows takes its time. */
const STATEMENT_TIMEOUT_MS = 1_200_000

export interface BenchGateway {
  readonly gateway: RunningGateway
  readonly pool: Pool
  /** One for each customer. */
  readonly apiKeys: readonly string[]
  stop(): Promise<void>
}

export interface BenchGatewayOptions {
  readonly brokers: 1 | 3
  readonly customers: number
  /** Customers that have an endpoint, and where it is. */
  readonly webhooks: { readonly customers: number; readonly url: string }
  readonly env?: NodeJS.ProcessEnv
  readonly progress?: Progress
  /** Where it says what befalls its servers and processes; on standard error unless given. */
  readonly notify?: (what: string) => void
}

/** A whole gateway of its own, with customers that have money. */
export async function startBenchGateway(options: BenchGatewayOptions): Promise<BenchGateway> {
  // A port that stays, as a process that is started again must be found where it was.
  const port = String(await freePort())
  const env = { ...process.env, PORT: port, ADMIN_PORT: '0', WEBHOOK_ALLOW_PRIVATE: 'yes', ...options.env }
  const gateway = await startGateway({
    gateway: readSettings(gatewaySettings, env),
    clickhouseUrl: '',
    env,
    brokers: options.brokers,
    ephemeral: true,
    progress: options.progress ?? silent,
    notify: options.notify ?? ((what) => console.error(what)),
  })
  const pool = createPool({
    url: gateway.servers.database,
    applicationName: 'bench',
    connectionsMax: 4,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  })
  let stopping: Promise<void> | null = null
  const stop = (): Promise<void> => {
    stopping ??= pool.end().then(() => gateway.stop())
    return stopping
  }
  try {
    return { gateway, pool, apiKeys: await makeCustomers(pool, options), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function makeCustomers(pool: Pool, { customers, webhooks }: BenchGatewayOptions): Promise<string[]> {
  await fillCustomers(pool, 0, customers)
  for (let index = 0; index < Math.min(customers, webhooks.customers); index++) {
    await createEndpoint(pool, { customerId: customerIdOf(index), url: webhooks.url, allowPrivate: true })
  }
  return issueKeys(pool, someCustomers(customers, customers))
}
