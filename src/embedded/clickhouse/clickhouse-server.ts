import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { GuardedServer } from '../guarded-server.ts'
import { lastWords } from '../last-words.ts'
import { endLeftovers } from '../leftover-processes.ts'
import { EnvironmentError, type Progress } from '../progress.ts'
import { type RestartableServer, untilStarted } from '../restartable-server.ts'

const PROCESS = join(import.meta.dirname, 'chdb-process.ts')

/** ClickHouse on this machine: the engine chDB in a process of its own, behind ClickHouse's HTTP interface. */
export class ClickHouseServer implements RestartableServer {
  readonly name = 'ClickHouse'
  readonly whileDown = 'analytics fall behind, and catch up from Kafka'
  readonly folder: string
  readonly url: string
  readonly #port: number
  #server: GuardedServer

  private constructor(server: GuardedServer, folder: string, port: number) {
    this.#server = server
    this.folder = folder
    this.#port = port
    this.url = `http://127.0.0.1:${port}`
  }

  /** Starts the engine on a folder, which survives a restart. Throws EnvironmentError. */
  static async start(folder: string, progress: Progress, stopping?: AbortSignal): Promise<ClickHouseServer> {
    mkdirSync(folder, { recursive: true })
    const port = await freePort(rememberedPort(folder))
    writeFileSync(join(folder, 'port'), String(port))
    progress('clickhouse', 'starting')
    const server = new ClickHouseServer(await launch(folder, port), folder, port)
    await server.#untilReady(stopping)
    progress('clickhouse', `ready at 127.0.0.1:${port}`)
    return server
  }

  /** For whoever measures it or breaks it on purpose. */
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
    if (!(await answers(this.url, timeoutMs))) throw new Error('ClickHouse does not answer')
  }

  kill(): void {
    this.#server.kill()
  }

  async restart(stopping: AbortSignal): Promise<void> {
    this.#server = await launch(this.folder, this.#port)
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
async function launch(folder: string, port: number): Promise<GuardedServer> {
  const dataFolder = join(folder, 'data')
  await endLeftovers(dataFolder, 'SIGTERM')
  return await GuardedServer.start({
    command: process.execPath,
    args: [PROCESS, dataFolder, String(port)],
    logFile: logFileOf(folder),
    stopSignal: 'TERM',
  })
}

function logFileOf(folder: string): string {
  return join(folder, 'clickhouse.log')
}

async function answers(url: string, timeoutMs: number): Promise<boolean> {
  try {
    return (await fetch(`${url}/ping`, { signal: AbortSignal.timeout(timeoutMs) })).ok
  } catch {
    return false
  }
}

function rememberedPort(folder: string): number {
  const file = join(folder, 'port')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || 0 : 0
}
