import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { privateFolder } from '../../runtime/private-folder.ts'
import { readStateFile, writeStateFile } from '../../runtime/write-state-file.ts'
import { freePort } from '../free-port.ts'
import { GuardedServer } from '../guarded-server.ts'
import { EnvironmentError, type Progress } from '../progress.ts'

const START_TIMEOUT_MS = 60_000
const PROCESS = join(import.meta.dirname, 'chdb-process.ts')
const USER = 'smsgw'

/** What the data folder remembers: a restart is found at the same place, by the same login. */
interface Access {
  readonly password: string
  readonly port: number
}

/** ClickHouse on this machine: the engine chDB in a process of its own, behind ClickHouse's HTTP interface. */
export class ClickHouseServer {
  readonly #server: GuardedServer
  readonly #access: Access

  private constructor(server: GuardedServer, access: Access) {
    this.#server = server
    this.#access = access
  }

  /**
   * Starts the engine on a folder, which survives a restart. Its Kafka tables may read brokers on this machine, and the
   * `brokers` (as in KAFKA_BROKERS) that are named. Throws EnvironmentError or StateFileError.
   */
  static async start(folder: string, progress: Progress, brokers = ''): Promise<ClickHouseServer> {
    privateFolder(folder)
    const known = readAccess(folder)
    const access = {
      password: known?.password ?? randomBytes(18).toString('base64url'),
      port: await freePort(known?.port),
    }
    writeStateFile(join(folder, 'access.json'), JSON.stringify(access))
    progress('clickhouse', 'starting')
    const logFile = join(folder, 'clickhouse.log')
    const guarded = await GuardedServer.start({
      command: process.execPath,
      args: [PROCESS, join(folder, 'data'), String(access.port)],
      logFile,
      stopSignal: 'TERM',
      env: {
        ...process.env,
        SMSGW_ENGINE_USER: USER,
        SMSGW_ENGINE_PASSWORD: access.password,
        SMSGW_ENGINE_BROKERS: brokers,
      },
    })
    const server = new ClickHouseServer(guarded, access)
    await server.#untilReady(folder, logFile)
    progress('clickhouse', `ready at 127.0.0.1:${access.port}`)
    return server
  }

  /** As in CLICKHOUSE_URL, with user and password. */
  get url(): string {
    return `http://${USER}:${this.#access.password}@127.0.0.1:${this.#access.port}`
  }

  /** For whoever measures it or breaks it on purpose. */
  get pid(): number {
    return this.#server.pid
  }

  async stop(): Promise<void> {
    await this.#server.stop()
  }

  async #untilReady(folder: string, logFile: string): Promise<void> {
    const deadlineMs = Date.now() + START_TIMEOUT_MS
    while (!(await answers(this.#access))) {
      if (this.#server.hasExited || Date.now() > deadlineMs) {
        await this.#server.stop()
        throw new EnvironmentError(
          `ClickHouse ${this.#server.hasExited ? 'ended while it was starting' : 'did not answer'}: ${lastLine(logFile)}`,
          `Only one process may have ${folder} open. Its log is ${logFile}. If the disk was full, make room and start again. ` +
            'If its data is damaged, move the folder elsewhere, do not delete it: it has what Kafka no longer keeps. Or ' +
            'set CLICKHOUSE_URL to use one that runs elsewhere.',
        )
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function answers({ password, port }: Access): Promise<boolean> {
  try {
    const headers = { 'x-clickhouse-user': USER, 'x-clickhouse-key': password }
    return (await fetch(`http://127.0.0.1:${port}/ping`, { headers, signal: AbortSignal.timeout(2_000) })).ok
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

function lastLine(logFile: string): string {
  const lines = existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n') : []
  return lines.findLast((line) => line.includes('Exception') || line.includes('Error')) ?? 'its log says nothing'
}
