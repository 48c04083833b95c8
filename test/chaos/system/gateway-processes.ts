import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../../src/embedded/free-port.ts'
import type { BreakableServers } from './breakable-servers.ts'
import { RoleProcess } from './role-process.ts'
import { TcpProxy } from './tcp-proxy.ts'

const REDIRECT = join(import.meta.dirname, 'redirect-connections.ts')

/** A process of the gateway and what it runs. */
export interface ProcessPlan {
  readonly name: string
  readonly roles: readonly string[]
}

export interface GatewayOptions {
  readonly servers: BreakableServers
  readonly folder: string
  readonly database: string
  readonly plan: readonly ProcessPlan[]
  readonly env: NodeJS.ProcessEnv
  /** Loaded before the gateway's code, beside the redirection of connections. */
  readonly preloads?: readonly string[] | undefined
}

/** The ways of one process to the servers. */
export interface Ways {
  readonly kafka: readonly TcpProxy[]
  readonly postgres: TcpProxy
}

/** The gateway under test: every role a process of its own, each with its own breakable ways to the servers. */
export class GatewayProcesses {
  readonly #options: GatewayOptions
  readonly #processes = new Map<string, RoleProcess>()
  readonly #ways = new Map<string, Ways>()
  readonly ledgerPath: string
  /** What the simulated operator follows while it is there, as in `GARBLED_SHARE: 0.1`. */
  readonly behaviourPath: string
  readonly auditFolder: string
  readonly logFolder: string
  #apis: string[] = []

  constructor(options: GatewayOptions) {
    this.#options = options
    this.ledgerPath = join(options.folder, 'ledger.ndjson')
    this.behaviourPath = join(options.folder, 'behaviour.yaml')
    this.auditFolder = join(options.folder, 'audit')
    this.logFolder = join(options.folder, 'logs')
    mkdirSync(this.logFolder, { recursive: true })
  }

  /** Where the APIs listen. */
  get apis(): readonly string[] {
    return this.#apis
  }

  get processes(): readonly RoleProcess[] {
    return [...this.#processes.values()]
  }

  process(name: string): RoleProcess {
    return this.#processes.get(name)!
  }

  ways(name: string): Ways {
    return this.#ways.get(name)!
  }

  /** Starts them one after another where order matters: the first one prepares database and topics for all. */
  async start(): Promise<void> {
    const { plan, env } = this.#options
    const simulatorPort = String(await freePort())
    const shared = {
      SIMULATOR_ADDRESS: `127.0.0.1:${simulatorPort}`,
      AUDIT_FOLDER: this.auditFolder,
      // Sooner than by default: a receipt may be stored, and its worker killed before it was published.
      RECEIPT_WATCH_AFTER_MS: '10000',
      RECEIPT_WATCH_PERIOD_MS: '2000',
      // Processes are started so often here that compiling would be most of what they do.
      NODE_COMPILE_CACHE: join(this.#options.folder, '../compiled'),
    }
    this.#add('simulator', ['smsc'], {
      ...process.env,
      ...env,
      SIMULATOR_PORT: simulatorPort,
      SIMULATOR_LEDGER: this.ledgerPath,
      SIMULATOR_BEHAVIOUR_FILE: this.behaviourPath,
    })
    for (const { name, roles } of plan) {
      const port = roles.includes('api') ? await freePort() : 0
      if (port > 0) this.#apis.push(`http://127.0.0.1:${port}`)
      const redirects = await this.#openWays(name)
      this.#add(name, ['run', ...roles], {
        ...process.env,
        KAFKA_BROKERS: this.#options.servers.kafka.brokers,
        DATABASE_URL: this.#options.servers.databaseUrlOf(this.#options.database),
        CLICKHOUSE_URL: this.#options.servers.clickhouseUrl,
        OPERATORS_FILE: join(import.meta.dirname, '../operators.yaml'),
        WEBHOOK_ALLOW_PRIVATE: 'yes',
        HOST: '127.0.0.1',
        PORT: String(port),
        SMSGW_PROCESS: name,
        CHAOS_REDIRECTS: redirects,
        ...shared,
        ...env,
      })
    }
    const [simulator, first, ...others] = this.processes
    for (const each of [simulator!, first!]) {
      each.start()
      await each.untilReady()
    }
    for (const each of others) each.start()
    await Promise.all(others.map((each) => each.untilReady()))
  }

  /** Everything that stops does so in the order of the flow, so that what one has begun the next one finishes. */
  async stop(): Promise<void> {
    const [simulator, ...roles] = this.processes
    await Promise.all(roles.map((each) => each.stop()))
    await simulator?.stop()
    await Promise.all(
      [...this.#ways.values()].flatMap(({ kafka, postgres }) => [...kafka, postgres].map((w) => w.stop())),
    )
  }

  async #openWays(name: string): Promise<string> {
    const { servers } = this.#options
    const kafka = servers.brokerPorts.map((port) => new TcpProxy(() => port))
    const ways = { kafka, postgres: new TcpProxy(() => Number(new URL(servers.databaseUrl).port)) }
    await Promise.all([...kafka, ways.postgres].map((way) => way.start()))
    this.#ways.set(name, ways)
    const pairs = kafka.map((way, index) => `${servers.brokerPorts[index]}=${way.port}`)
    return [...pairs, `${new URL(servers.databaseUrl).port}=${ways.postgres.port}`].join()
  }

  #add(name: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
    const preloads = name === 'simulator' ? [] : [REDIRECT, ...(this.#options.preloads ?? [])]
    const logFile = join(this.logFolder, `${name}.log`)
    this.#processes.set(name, new RoleProcess({ name, args, env, preloads, logFile }))
  }
}
