import type { AddressInfo } from 'node:net'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { Session } from 'chdb'
import { QueryQueue } from './query-queue.ts'
import { createHttpInterface } from './serve-http.ts'

const NICENESS = 10
const CONFIG = join(import.meta.dirname, 'engine-config.xml')

/*
  A process of its own for the embedded engine: if native code crashes, only this process does.
  Arguments: the data folder and the port. Ends on SIGTERM; tables that read Kafka are let go of first, so that what
  they have read is committed.
*/
const [folder, port] = process.argv.slice(2)
// Analytics may lag when the machine is busy; what customers wait for may not.
setPriority(NICENESS)
const session = new Session(folder!, { connectionArgs: [`--config-file=${CONFIG}`] })
const queries = new QueryQueue(session)
const server = createHttpInterface(queries)

server.listen(Number(port), '127.0.0.1', () => {
  console.log(`ready at port ${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => void stop())

async function stop(): Promise<void> {
  server.close()
  server.closeAllConnections()
  await queries.idle()
  for (const table of await kafkaTables()) await session.queryAsync(`DETACH TABLE ${table}`)
  session.close()
  process.exit(0)
}

async function kafkaTables(): Promise<string[]> {
  const sql = "SELECT concat('`', database, '`.`', name, '`') AS name FROM system.tables WHERE engine = 'Kafka'"
  const result = await session.queryAsync(sql, { format: 'JSONEachRow' })
  const lines = result.text().split('\n')
  return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { name: string }).name)
}
