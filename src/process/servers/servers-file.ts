import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterOptions } from '../../kafka/cluster/cluster.ts'
import { readStateFile, writeStateFile } from '../../runtime/write-state-file.ts'

/** Where the servers of a running `smsgw up` are, for the other commands on this machine. */
export interface ServersFile {
  readonly pid: number
  readonly api: string
  readonly admin: string
  readonly admin_token: string
  readonly api_key: string
  readonly kafka: string
  /** Null for brokers that were given, whose login is in the environment, and that of earlier versions. */
  readonly kafka_login?: { readonly username: string; readonly password: string } | null
  readonly database: string
  readonly clickhouse: string
}

const NAME = 'servers.json'

/** It holds a key and a password: for our own eyes only. */
export function writeServersFile(folder: string, servers: ServersFile): void {
  writeStateFile(join(folder, NAME), `${JSON.stringify(servers, null, 2)}\n`)
}

export function removeServersFile(folder: string): void {
  rmSync(join(folder, NAME), { force: true })
}

/** Null when no `smsgw up` runs on the folder. Throws StateFileError. */
export function readServersFile(folder: string): ServersFile | null {
  const path = join(folder, NAME)
  return readStateFile(path, (content) => JSON.parse(content) as ServersFile, 'Stop `smsgw up` and start it again.')
}

/** How a client reaches the brokers of a running `smsgw up`. */
export function kafkaOf({ kafka, kafka_login: login }: ServersFile): Pick<ClusterOptions, 'brokers' | 'sasl'> {
  return { brokers: kafka.split(','), ...(login && { sasl: { mechanism: 'PLAIN', ...login } }) }
}
