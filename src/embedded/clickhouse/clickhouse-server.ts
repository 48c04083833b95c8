import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { privateFolder } from '../../runtime/private-folder.ts'
import { readStateFile, writeStateFile } from '../../runtime/write-state-file.ts'
import { freePort } from '../free-port.ts'
import { GuardedServer } from '../guarded-server.ts'
import { lastWords } from '../last-words.ts'
import { endLeftovers } from '../leftover-processes.ts'
import { EnvironmentError, type Progress } from '../progress.ts'
import { type RestartableServer, untilStarted } from '../restartable-server.ts'

const PROCESS = join(import.meta.dirname, 'chdb-process.ts')
const USER = 'smsgw'

/** What the data folder remembers: a restart is found at the same place, by the same login. */
interface Access {
  readonly password: string
  readonly port: number
}

/** How an engine is started. */
interface Engine {
  readonly folder: string
  readonly access: Access
  /** Besides those on this machine, as in KAFKA_BROKERS: its Kafka tables may read them. */
  readonly brokers: string
}

export interface ClickHouseOptions {
  readonly brokers?: string
  /** Aborted to cancel the start. */
  readonly stopping?: AbortSignal | undefined
}

/** ClickHouse on this machine: the engine chDB in a process of its own, behind ClickHouse's HTTP interface. */
export class ClickHouseServer implements RestartableServer {
  readonly name = 'ClickHouse'
  readonly whileDown = 'analytics fall behind, and catch up from Kafka'
  readonly #engine: Engine
  #server: GuardedServer

  private constructor(server: GuardedServer, engine: Engine) {
    this.#server = server
    this.#engine = engine
  }

  /**
   * Starts the engine on a folder, which survives a restart. Its Kafka tables may read brokers on this machine, and the
   * `brokers` that are named. Throws EnvironmentError or StateFileError.
   */
  static async start(
    folder: string,
    progress: Progress,
    { brokers = '', stopping }: ClickHouseOptions = {},
  ): Promise<ClickHouseServer> {
    privateFolder(folder)
    const known = readAccess(folder)
    const access = {
      password: known?.password ?? randomBytes(18).toString('base64url'),
      port: await freePort(known?.port),
    }
    writeStateFile(join(folder, 'access.json'), JSON.stringify(access))
    progress('clickhouse', 'starting')
    const engine = { folder, access, brokers }
    const server = new ClickHouseServer(await launch(engine), engine)
    await server.#untilReady(stopping)
    progress('clickhouse', `ready at 127.0.0.1:${access.port}`)
    return server
  }

  get folder(): string {
    return this.#engine.folder
  }

  /** As in CLICKHOUSE_URL, with user and password. */
  get url(): string {
    const { password, port } = this.#engine.access
    return `http://${USER}:${password}@127.0.0.1:${port}`
  }

  /** For benchmarks and fault injection. */
  get pid(): number {
    return this.#server.pid
  }

  get logFile(): string {
    return logFileOf(this.folder)
  }

  get exited(): Promise<string> {
    return this.#server.exited
  }

  async probe(timeoutMs: number): Promise<void> {
    if (!(await answers(this.#engine.access, timeoutMs))) throw new Error('ClickHouse does not answer')
  }

  kill(): void {
    this.#server.kill()
  }

  async restart(stopping: AbortSignal): Promise<void> {
    this.#server = await launch(this.#engine)
    await this.#untilReady(stopping)
  }

  async stop(): Promise<void> {
    await this.#server.stop()
  }

  async #untilReady(stopping: AbortSignal | undefined): Promise<void> {
    try {
      await untilStarted({ hasExited: () => this.#server.hasExited, attempt: () => this.probe(2_000), stopping })
    } catch (error) {
      await this.#server.stop()
      throw new EnvironmentError(
        `ClickHouse ${(error as Error).message}: ${lastWords(this.logFile)}`,
        `Its log is ${this.logFile}; docs/operations/embedded-servers.md says what to do. ` +
          'Or set CLICKHOUSE_URL to use one that runs elsewhere.',
      )
    }
  }
}

/** One process may have the folder open: an engine that outlived its guard is ended first. */
async function launch({ folder, access, brokers }: Engine): Promise<GuardedServer> {
  const dataFolder = join(folder, 'data')
  await endLeftovers(dataFolder, 'SIGTERM')
  return await GuardedServer.start({
    command: process.execPath,
    args: [PROCESS, dataFolder, String(access.port)],
    logFile: logFileOf(folder),
    stopSignal: 'TERM',
    env: {
      ...process.env,
      SMSGW_ENGINE_USER: USER,
      SMSGW_ENGINE_PASSWORD: access.password,
      SMSGW_ENGINE_BROKERS: brokers,
    },
  })
}

function logFileOf(folder: string): string {
  return join(folder, 'clickhouse.log')
}

async function answers({ password, port }: Access, timeoutMs: number): Promise<boolean> {
  try {
    const headers = { 'x-clickhouse-user': USER, 'x-clickhouse-key': password }
    return (await fetch(`http://127.0.0.1:${port}/ping`, { headers, signal: AbortSignal.timeout(timeoutMs) })).ok
  } catch {
    return false
  }
}

function readAccess(folder: string): Access | null {
  const path = join(folder, 'access.json')
  const remedy = `Remove ${path}: port and password are then drawn anew, and no data is touched.`
  return readStateFile(path, parseAccess, remedy)
}

function parseAccess(content: string): Access {
  const { password, port } = JSON.parse(content) as Partial<Access>
  if (typeof password !== 'string' || password === '' || !Number.isInteger(port)) {
    throw new Error('it has no password and port')
  }
  return { password, port: port! }
}
