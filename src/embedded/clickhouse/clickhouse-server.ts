import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { GuardedServer } from '../guarded-server.ts'
import { EnvironmentError, type Progress } from '../progress.ts'

const START_TIMEOUT_MS = 60_000
const PROCESS = join(import.meta.dirname, 'chdb-process.ts')

/** ClickHouse on this machine: the engine chDB in a process of its own, behind ClickHouse's HTTP interface. */
export class ClickHouseServer {
  readonly #server: GuardedServer
  readonly url: string

  private constructor(server: GuardedServer, url: string) {
    this.#server = server
    this.url = url
  }

  /** Starts the engine on a folder, which survives a restart. Throws EnvironmentError. */
  static async start(folder: string, progress: Progress): Promise<ClickHouseServer> {
    mkdirSync(folder, { recursive: true })
    const port = await freePort(rememberedPort(folder))
    writeFileSync(join(folder, 'port'), String(port))
    progress('clickhouse', 'starting')
    const logFile = join(folder, 'clickhouse.log')
    const guarded = await GuardedServer.start({
      command: process.execPath,
      args: [PROCESS, join(folder, 'data'), String(port)],
      logFile,
      stopSignal: 'TERM',
    })
    const server = new ClickHouseServer(guarded, `http://127.0.0.1:${port}`)
    await server.#untilReady(folder, logFile)
    progress('clickhouse', `ready at 127.0.0.1:${port}`)
    return server
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
    while (!(await answers(this.url))) {
      if (this.#server.hasExited || Date.now() > deadlineMs) {
        await this.#server.stop()
        throw new EnvironmentError(
          `ClickHouse ${this.#server.hasExited ? 'ended while it was starting' : 'did not answer'}: ${lastLine(logFile)}`,
          `Only one process may have ${folder} open. Its log is ${logFile}. If its data was half written, remove the folder: ` +
            'Kafka fills it again as far as it keeps records. Or set CLICKHOUSE_URL to use one that runs elsewhere.',
        )
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/ping`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}

function rememberedPort(folder: string): number {
  const file = join(folder, 'port')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || 0 : 0
}

function lastLine(logFile: string): string {
  const lines = existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n') : []
  return lines.findLast((line) => line.includes('Exception') || line.includes('Error')) ?? 'its log says nothing'
}
