import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { privateFolder } from '../../../src/runtime/private-folder.ts'
import { identityOf } from '../../../src/runtime/process-identity.ts'
import { takeProcessLock } from '../../../src/runtime/process-lock.ts'
import { writeStateFile } from '../../../src/runtime/write-state-file.ts'
import { startContractServers } from '../contract-servers.ts'
import { fingerprintOfServers, KEPT_FOLDER, type KeptState, STATE_FILE } from './kept-state.ts'

/*
  The process that keeps servers for `TEST_SERVERS=keep`. It starts them, writes them down, and stops them on SIGTERM or
  when no run of tests has used them for two hours. Their guards stop them when it is killed.
*/
const IDLE_MS_MAX = 2 * 3_600_000
const LOOK_MS = 60_000

privateFolder(KEPT_FOLDER)
const refusal = (pid: number): string => `process ${pid} keeps the servers of this checkout`
const unlock = takeProcessLock(join(KEPT_FOLDER, 'lock'), { refusal })
const dataFolder = join(KEPT_FOLDER, 'data')
rmSync(STATE_FILE, { force: true })
rmSync(dataFolder, { recursive: true, force: true })
privateFolder(dataFolder)

const stopping = Promise.withResolvers<void>()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.resolve())
const fingerprint = fingerprintOfServers()
const servers = await startContractServers(dataFolder)
const { kafkaBrokers, databaseUrl } = servers
const state: KeptState = { ...identityOf(process.pid)!, fingerprint, kafkaBrokers, databaseUrl }
writeStateFile(STATE_FILE, JSON.stringify(state))

const looking = setInterval(() => {
  const file = statSync(STATE_FILE, { throwIfNoEntry: false })
  if (!file || Date.now() - file.mtimeMs > IDLE_MS_MAX) stopping.resolve()
}, LOOK_MS)
await stopping.promise
clearInterval(looking)
rmSync(STATE_FILE, { force: true })
await servers.stop()
rmSync(dataFolder, { recursive: true, force: true })
unlock()
process.exit()
