import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { type AdminAccess, readAdminAccess } from '../../admin/admin-requests.ts'
import { dlqSettings } from '../../dead-letters/config.ts'
import { CLICKHOUSE_PACKAGE, POSTGRES_PACKAGE, requirePackages } from '../../embedded/embedded-packages.ts'
import type { Progress } from '../../embedded/progress.ts'
import { temporaryFolder } from '../../embedded/temporary-folder.ts'
import { createPool } from '../../postgres/pool.ts'
import type { DiskWatch } from '../../runtime/disk-watch.ts'
import { createLog } from '../../runtime/log.ts'
import { readSettings } from '../../runtime/settings.ts'
import { demoCustomer } from '../first-run/demo-customer.ts'
import type { RoleName } from '../roles.ts'
import { dataFolders, watchDataDisks } from '../servers/data-disks.ts'
import { defaultsOf, type EmbeddedServers, environmentOf, startEmbeddedServers } from '../servers/embedded-servers.ts'
import { lockDataFolder } from '../servers/lock-data-folder.ts'
import { refuseUnfitServers } from '../servers/refuse-unfit-servers.ts'
import { removeServersFile, type ServersFile, writeServersFile } from '../servers/servers-file.ts'
import type { GatewaySettings } from '../settings.ts'
import { ServerWait } from '../wait-for-server.ts'
import { createAdminServer } from './admin-server.ts'
import { upSettings } from './config.ts'
import { SupervisedProcess } from './supervised-process.ts'
import { WatchedServer, type WatchLimits } from './watched-server.ts'

/** Which roles share a process here: those that delivery waits for, and those that follow it. */
const PROCESSES: Readonly<Record<string, { roles: readonly RoleName[]; niceness: number }>> = {
  front: { roles: ['api', 'relay', 'worker'], niceness: 0 },
  // On a busy machine a customer's request goes before the processing of its events.
  back: { roles: ['status', 'webhooks', 'analytics', 'audit', 'dlq', 'monitor'], niceness: 10 },
}

const PRIVATE = 0o077

export interface UpOptions {
  readonly gateway: GatewaySettings
  readonly clickhouseUrl: string
  readonly env: NodeJS.ProcessEnv
  readonly brokers: 1 | 3
  /** Data in a folder of its own, removed at the end. */
  readonly ephemeral: boolean
  readonly progress: Progress
  readonly notify: (what: string) => void
  /** Aborted to cancel the start: what has started is stopped, and the start throws. */
  readonly stopping?: AbortSignal
}

export interface RunningGateway {
  readonly servers: ServersFile
  readonly dataFolder: string
  readonly processes: ReadonlyMap<string, SupervisedProcess>
  /** Servers that were started here, by what they are called. */
  readonly embedded: ReadonlyMap<string, WatchedServer>
  stop(): Promise<void>
}

/**
 * Starts the whole gateway on this machine and keeps it running: its servers, and its processes. If a part cannot
 * start, all is stopped again.
 */
export async function startGateway(options: UpOptions): Promise<RunningGateway> {
  const { gateway, ephemeral, notify } = options
  refuseUnfitServers(gateway, options.clickhouseUrl)
  const given = { DATABASE_URL: gateway.DATABASE_URL, CLICKHOUSE_URL: options.clickhouseUrl }
  requirePackages([POSTGRES_PACKAGE, CLICKHOUSE_PACKAGE].filter(({ setting }) => given[setting] === ''))
  const access = adminAccess(gateway)
  // Whatever the gateway and its servers write, logs among it, is for this user alone.
  process.umask(PRIVATE)
  const temporary = ephemeral ? temporaryFolder('smsgw') : null
  const dataFolder = temporary?.path ?? resolve(gateway.SMSGW_DATA)
  const unlock = lockDataFolder(dataFolder, notify)
  const running = new GatewayProcesses(options, dataFolder, access)
  // Also when we end without having stopped, as by a second Ctrl-C. The guards of the servers stop those by themselves.
  const releaseAll = (): void => {
    for (const each of running.processes.values()) void each.kill()
    removeServersFile(dataFolder)
    unlock()
  }
  process.once('exit', releaseAll)
  const stop = async (): Promise<void> => {
    await running.stop()
    releaseAll()
    process.off('exit', releaseAll)
    await temporary?.remove()
  }
  try {
    const servers = await running.start()
    writeServersFile(dataFolder, servers)
    return { servers, dataFolder, processes: running.processes, embedded: running.embedded, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The admin API shows messages: other users of this machine are to reach it as little as the network. */
function adminAccess(gateway: GatewaySettings): AdminAccess {
  const access = readAdminAccess(gateway)
  return access.token === '' ? { ...access, token: randomBytes(24).toString('base64url') } : access
}

class GatewayProcesses {
  readonly processes = new Map<string, SupervisedProcess>()
  readonly #options: UpOptions
  readonly #dataFolder: string
  readonly #access: AdminAccess
  readonly #limits: WatchLimits
  readonly #stopping: AbortSignal
  readonly embedded = new Map<string, WatchedServer>()
  #admin: FastifyInstance | null = null
  #disk: DiskWatch | null = null

  constructor(options: UpOptions, dataFolder: string, access: AdminAccess) {
    this.#options = options
    this.#access = access
    this.#dataFolder = dataFolder
    this.#stopping = options.stopping ?? new AbortController().signal
    const settings = readSettings(upSettings, options.env)
    this.#limits = {
      probeMs: settings.UP_PROBE_MS,
      silentMsMax: settings.UP_SILENT_MS_MAX,
      restartsMax: settings.UP_RESTARTS_MAX,
      windowMs: settings.UP_RESTARTS_WINDOW_MS,
    }
  }

  async start(): Promise<ServersFile> {
    const { gateway, clickhouseUrl, brokers, progress, notify } = this.#options
    this.#stopping.addEventListener('abort', () => void this.#endProcesses(), { once: true })
    const ledger = join(this.#dataFolder, 'simulator', 'ledger.ndjson')
    // SMPP has room for eight characters.
    const simulatorPassword = randomBytes(6).toString('base64url')
    const own = { SIMULATOR_PASSWORD: simulatorPassword, SIMULATOR_LEDGER: ledger, ...this.#options.env }
    const simulator = this.#create('simulator', ['smsc'], own, 5)
    const simulatorReady = simulator.start()
    const embedded = await startEmbeddedServers({
      folder: this.#dataFolder,
      cacheFolder: join(resolve(gateway.SMSGW_DATA), 'cache'),
      brokers,
      given: { kafka: gateway.KAFKA_BROKERS, database: gateway.DATABASE_URL, clickhouse: clickhouseUrl },
      progress,
      stopping: this.#stopping,
    })
    this.#watch(embedded)
    progress('gateway', 'starting')
    const folders = dataFolders(this.#dataFolder, embedded)
    this.#disk = watchDataDisks(folders, gateway.DISK_RESERVE_BYTES, notify)
    const { simulatorPort } = await simulatorReady
    this.#stopping.throwIfAborted()
    const simulated = { address: `127.0.0.1:${simulatorPort}`, password: simulatorPassword }
    const env = this.#roleEnvironment(embedded, simulated, folders)
    const roles = Object.entries(PROCESSES).map(([name, { roles: names, niceness }]) =>
      this.#create(name, ['run', ...names], env, niceness),
    )
    const answers = await Promise.all(roles.map((each) => each.start()))
    const apiKey = await this.#demoKey(embedded.addresses.database)
    const admin = await this.#serveAdmin(roles, embedded.addresses.database)
    this.#stopping.throwIfAborted()
    progress('gateway', 'ready')
    const api = answers.find(({ apiUrl }) => apiUrl !== null)!.apiUrl!
    const { addresses, kafkaLogin: login } = embedded
    const kafka_login = login.sasl
      ? { username: String(login.sasl.username), password: String(login.sasl.password) }
      : null
    const admin_token = this.#access.token
    return { pid: process.pid, api, admin, admin_token, api_key: apiKey, ...addresses, kafka_login }
  }

  async stop(): Promise<void> {
    await this.#disk?.stop()
    await this.#admin?.close()
    await this.#endProcesses()
    await Promise.all([...this.embedded.values()].map((server) => server.stop()))
  }

  /** From now on they are started again when they end. */
  #watch({ servers }: EmbeddedServers): void {
    for (const server of servers) {
      const watched = new WatchedServer(server, this.#limits, this.#options.notify)
      this.embedded.set(server.name, watched)
      watched.start()
    }
  }

  async #endProcesses(): Promise<void> {
    await Promise.all([...this.processes.values()].map((each) => each.stop()))
  }

  #create(name: string, args: readonly string[], env: NodeJS.ProcessEnv, niceness = 0): SupervisedProcess {
    const created = new SupervisedProcess({
      name,
      args,
      env,
      logFile: join(this.#dataFolder, 'logs', `${name}.log`),
      notify: this.#options.notify,
      probeMs: this.#limits.probeMs,
      silentMsMax: this.#limits.silentMsMax,
      niceness,
    })
    this.processes.set(name, created)
    return created
  }

  #roleEnvironment(
    servers: EmbeddedServers,
    simulator: { readonly address: string; readonly password: string },
    folders: readonly string[],
  ): NodeJS.ProcessEnv {
    return {
      SIMULATOR_ADDRESS: simulator.address,
      SIMULATOR_PASSWORD: simulator.password,
      AUDIT_FOLDER: join(this.#dataFolder, 'audit'),
      AUDIT_KEY_FILE: join(this.#dataFolder, 'audit-key.pem'),
      DISK_FOLDERS: folders.join(),
      ...defaultsOf(servers),
      ...this.#options.env,
      ...environmentOf(servers),
    }
  }

  /** A server may die in this moment as in any other; it is started again meanwhile. */
  async #demoKey(databaseUrl: string): Promise<string> {
    const pool = createPool({ url: databaseUrl, applicationName: 'smsgw-up', connectionsMax: 1 })
    const wait = new ServerWait(createLog('up', 'silent'), (why) => this.#options.notify(`up waits: ${why}`))
    const end = (): void => wait.stop()
    this.#stopping.addEventListener('abort', end, { once: true })
    try {
      const key = await wait.until('the demo customer', () => demoCustomer(pool, this.#dataFolder))
      this.#stopping.throwIfAborted()
      return key!
    } finally {
      this.#stopping.removeEventListener('abort', end)
      await pool.end()
    }
  }

  async #serveAdmin(roles: readonly SupervisedProcess[], databaseUrl: string): Promise<string> {
    const { LOG_LEVEL } = this.#options.gateway
    const { DLQ_REDRIVES_MAX: redrivesMax } = readSettings(dlqSettings, this.#options.env)
    const pool = createPool({ url: databaseUrl, applicationName: 'smsgw-admin', connectionsMax: 4 })
    const log = createLog('admin', LOG_LEVEL, process.stderr)
    const servers = [...this.embedded.values()]
    this.#admin = await createAdminServer(roles, servers, { pool, redrivesMax, log }, this.#access)
    this.#admin.addHook('onClose', () => pool.end())
    return await this.#admin.listen({ port: this.#access.port, host: this.#access.host })
  }
}
