import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the servers of a running `smsgw up` are, for the other commands on this machine. */
export interface ServersFile {
  readonly pid: number
  readonly api: string
  readonly admin: string
  readonly api_key: string
  readonly kafka: string
  readonly database: string
  readonly clickhouse: string
}

const NAME = 'servers.json'

/** It holds a key and a password: for our own eyes only. */
export function writeServersFile(folder: string, servers: ServersFile): void {
  writeFileSync(join(folder, NAME), `${JSON.stringify(servers, null, 2)}\n`, { mode: 0o600 })
}

export function removeServersFile(folder: string): void {
  rmSync(join(folder, NAME), { force: true })
}

/** Null when no `smsgw up` runs on the folder. */
export function readServersFile(folder: string): ServersFile | null {
  const path = join(folder, NAME)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ServersFile) : null
}
