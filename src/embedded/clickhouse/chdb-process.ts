import type { AddressInfo } from 'node:net'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { Session } from 'chdb'
import { QueryQueue } from './query-queue.ts'
import { createHttpInterface } from './serve-http.ts'

const NICENESS = 10
const CONFIG = join(import.meta.dirname, 'engine-config.xml')
const KAFKA_TABLES = "SELECT concat('`', database, '`.`', name, '`') AS name FROM system.tables WHERE engine = 'Kafka'"
const USERS = join(import.meta.dirname, 'engine-users.xml')

/*
  A process of its own for the embedded engine: if native code crashes, only this process does.
  Arguments: the data folder and the port. Environment, which other users cannot read: SMSGW_ENGINE_USER and
  SMSGW_ENGINE_PASSWORD, by which its clients log in, and SMSGW_ENGINE_BROKERS, which Kafka tables may name. Ends on
  SIGTERM; tables that read Kafka are detached first, so that what they have read is committed.
*/
const [folder, port] = process.argv.slice(2)
const { SMSGW_ENGINE_USER: user = '', SMSGW_ENGINE_PASSWORD: password = '', SMSGW_ENGINE_BROKERS = '' } = process.env
if (user === '' || password === '') throw new Error('SMSGW_ENGINE_USER and SMSGW_ENGINE_PASSWORD are needed')
// Analytics may lag when the machine is busy; messages may not.
setPriority(NICENESS)
const session = new Session(folder!, { connectionArgs: [`--config-file=${CONFIG}`, `--users_config=${USERS}`] })
const queries = new QueryQueue(session)
const brokers = new Set(SMSGW_ENGINE_BROKERS.split(',').filter(Boolean))
const tableFunctions = new Set(await namesOf('SELECT lower(name) AS name FROM system.table_functions'))
const server = createHttpInterface(queries, { user, password, rules: { brokers, tableFunctions } })

server.listen(Number(port), '127.0.0.1', () => {
  console.log(`ready at port ${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => void stop())

async function stop(): Promise<void> {
  server.close()
  server.closeAllConnections()
  await queries.idle()
  for (const table of await namesOf(KAFKA_TABLES)) await session.queryAsync(`DETACH TABLE ${table}`)
  session.close()
  process.exit(0)
}

async function namesOf(sql: string): Promise<string[]> {
  const result = await session.queryAsync(sql, { format: 'JSONEachRow' })
  const lines = result.text().split('\n')
  return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { name: string }).name)
}
