import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { Cluster } from '../../../src/kafka/cluster/cluster.ts'
import { privateFolder } from '../../../src/runtime/private-folder.ts'
import { identityOf } from '../../../src/runtime/process-identity.ts'
import type { ContractServers } from '../contract-servers.ts'
import { eventually } from '../eventually.ts'
import { fingerprintOfServers, KEPT_FOLDER, type KeptState, markUsed, readKeptState } from './kept-state.ts'

/** A busy machine starts a broker in half a minute. */
const START_MS_MAX = 180_000
const MARK_MS = 60_000
const ANSWER_MS = 5_000

/**
 * The servers that this checkout keeps between runs, started now if there are none, or none that answer and are those of
 * the present source. `stop` ends this run's use of them and leaves them up.
 */
export async function findKeptServers(): Promise<ContractServers> {
  const { kafkaBrokers, databaseUrl } = (await findUsable()) ?? (await startKeeping())
  markUsed()
  const marking = setInterval(markUsed, MARK_MS)
  return {
    kafkaBrokers,
    databaseUrl,
    stop: async () => {
      clearInterval(marking)
      markUsed()
    },
  }
}

/** Ends the servers that this checkout keeps; returns whether there were any. */
export async function stopKeptServers(): Promise<boolean> {
  const state = readKeptState()
  if (!state) return false
  process.kill(state.pid, 'SIGTERM')
  const isOver = (): boolean => identityOf(state.pid)?.started !== state.started
  await eventually('the kept servers have stopped', isOver, (over) => over)
  return true
}

async function findUsable(): Promise<KeptState | null> {
  const state = readKeptState()
  if (!state) return null
  if (state.fingerprint === fingerprintOfServers() && (await answers(state))) return state
  await stopKeptServers()
  return null
}

async function answers({ databaseUrl, kafkaBrokers }: KeptState): Promise<boolean> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: ANSWER_MS })
  const cluster = new Cluster({ brokers: kafkaBrokers.split(','), clientId: 'test', connectTimeoutMs: ANSWER_MS })
  client.on('error', () => {})
  try {
    await Promise.all([client.connect(), cluster.refresh()])
    return true
  } catch {
    return false
  } finally {
    await Promise.allSettled([client.end(), cluster.close()])
  }
}

/** Of two runs that start at once the second keeper finds the lock taken and ends; both runs use those of the first. */
async function startKeeping(): Promise<KeptState> {
  privateFolder(KEPT_FOLDER)
  const logFile = join(KEPT_FOLDER, 'keeper.log')
  const log = openSync(logFile, 'w', 0o600)
  const keeper = spawn(process.execPath, [join(import.meta.dirname, 'keep-servers.ts')], {
    // In a process group of its own: Ctrl-C at the terminal of this run does not reach it.
    detached: true,
    stdio: ['ignore', log, log],
  })
  keeper.unref()
  closeSync(log)
  return (await eventually(
    `the kept servers run (see ${logFile})`,
    readKeptState,
    (state) => state !== null,
    START_MS_MAX,
  ))!
}
