import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { readStateFile, writeStateFile } from '../../runtime/write-state-file.ts'
import { freePort } from '../free-port.ts'
import { GuardedServer } from '../guarded-server.ts'
import { EnvironmentError, type Progress } from '../progress.ts'
import { createDataFolder, openDataFolder } from './data-folder.ts'
import { type PostgresHome, postgresHome } from './postgres-home.ts'

const START_TIMEOUT_MS = 60_000
/** 512 MB of 16 MB each. */
const WAL_SEGMENTS = 32
const USER = 'smsgw'
const DATABASE = 'smsgw'

/**
 * Sized for one machine that runs everything. Commits are durable: fsync and synchronous_commit stay on.
 */
const SERVER_SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_permissions: '0700',
  max_connections: '200',
  shared_buffers: '256MB',
  // As much as is made ready at the beginning (see `prepareLog`), so that segments are always used again.
  min_wal_size: '512MB',
  max_wal_size: '512MB',
  checkpoint_timeout: '15min',
  jit: 'off',
  autovacuum_naptime: '5s',
  log_min_messages: 'warning',
}

/** What the data folder remembers besides PostgreSQL's own files. */
interface Access {
  readonly password: string
  port: number
}

/** PostgreSQL on this machine. */
export class PostgresServer {
  readonly #server: GuardedServer
  readonly #access: Access
  readonly #socketFolder: string

  private constructor(server: GuardedServer, access: Access, socketFolder: string) {
    this.#server = server
    this.#access = access
    this.#socketFolder = socketFolder
  }

  /** Starts the server, making its data folder the first time. Throws EnvironmentError. */
  static async start(folder: string, progress: Progress): Promise<PostgresServer> {
    const home = postgresHome(folder)
    const { dataFolder } = home
    const access = readAccess(home)
    const isNew = !existsSync(dataFolder)
    if (isNew) {
      progress('postgres', 'creating the database')
      await createDataFolder(home, USER, access.password)
    }
    await stopLeftover(dataFolder)
    access.port = await freePort(access.port)
    writeStateFile(accessFile(home), JSON.stringify(access))
    progress('postgres', 'starting')
    const logFile = join(home.folder, 'postgres.log')
    const socketFolder = socketFolderOf(home)
    const { path, descriptors } = openDataFolder(home)
    const settings = Object.entries({
      ...SERVER_SETTINGS,
      unix_socket_directories: socketFolder === '' ? '' : path,
    }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const guarded = await GuardedServer.start({
      command: join(home.binFolder, 'postgres'),
      args: ['-D', path, '-p', String(access.port), ...settings],
      logFile,
      stopSignal: 'INT',
      cwd: '/',
      user: home.user,
      descriptors,
    })
    for (const each of descriptors) closeSync(each)
    const server = new PostgresServer(guarded, access, socketFolder)
    await server.#untilReady(logFile)
    if (isNew) await server.#prepareLog()
    progress('postgres', `ready at 127.0.0.1:${access.port}`)
    return server
  }

  /** As in DATABASE_URL; of another database on this server, if one is named. */
  url(database = DATABASE): string {
    return `postgres://${USER}:${this.#access.password}@127.0.0.1:${this.#access.port}/${database}`
  }

  /** The same server over a Unix socket where that is possible: on one machine it costs half of what TCP does. */
  socketUrl(database = DATABASE): string {
    if (this.#socketFolder === '') return this.url(database)
    const { password, port } = this.#access
    return `postgres://${USER}:${password}@/${database}?host=${encodeURIComponent(this.#socketFolder)}&port=${port}`
  }

  /** The server's first process, for whoever measures it or breaks it on purpose. */
  get pid(): number {
    return this.#server.pid
  }

  async createDatabase(name: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url('postgres') })
    await client.connect()
    try {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
    } catch (error) {
      if ((error as { code?: string }).code !== '42P04') throw error
    } finally {
      await client.end()
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop()
  }

  /**
   * Fills and recycles the segments of the write-ahead log once. A segment that is new is first written with zeros,
   * and while that is synced every commit waits: up to 90 ms on a busy machine, every few seconds.
   */
  async #prepareLog(): Promise<void> {
    const client = new pg.Client({ connectionString: this.url('postgres') })
    await client.connect()
    try {
      for (let segment = 0; segment < WAL_SEGMENTS; segment++) {
        await client.query("SELECT pg_logical_emit_message(false, 'smsgw', 'a segment to be used again')")
        await client.query('SELECT pg_switch_wal()')
      }
      await client.query('CHECKPOINT')
    } finally {
      await client.end()
    }
  }

  async #untilReady(logFile: string): Promise<void> {
    const deadlineMs = Date.now() + START_TIMEOUT_MS
    while (true) {
      try {
        await this.createDatabase(DATABASE)
        return
      } catch (error) {
        if (this.#server.hasExited || Date.now() > deadlineMs) {
          await this.#server.stop()
          const why = this.#server.hasExited ? 'ended while it was starting' : (error as Error).message
          throw new EnvironmentError(`PostgreSQL ${why}.`, `Its log is ${logFile}.`)
        }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
}

/** In the data folder, which is the server's alone. Empty if its path would be too long: a socket's has 107 bytes at most. */
function socketFolderOf({ dataFolder }: PostgresHome): string {
  return dataFolder.length + '/.s.PGSQL.65535'.length > 107 ? '' : dataFolder
}

function accessFile(home: PostgresHome): string {
  return join(home.folder, 'access.json')
}

function readAccess(home: PostgresHome): Access {
  const remedy =
    'It has the password of the database, which is whole. Bring the file back from a backup, as ' +
    '{"password":"…","port":0}, or give the database another password (`postgres --single`) and write that.'
  const known = readStateFile(accessFile(home), parseAccess, remedy)
  if (!known && existsSync(home.dataFolder)) throw new EnvironmentError(`${accessFile(home)} is missing.`, remedy)
  return known ?? { password: randomBytes(18).toString('base64url'), port: 0 }
}

function parseAccess(content: string): Access {
  const { password, port } = JSON.parse(content) as Partial<Access>
  if (typeof password !== 'string' || !Number.isInteger(port)) throw new Error('it has no password and port')
  return { password, port: port! }
}

/** A server that still runs on our data, because its guard was killed with us, is stopped first. */
async function stopLeftover(dataFolder: string): Promise<void> {
  const file = join(dataFolder, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  if (!isOurServer(pid, dataFolder)) return
  process.kill(pid, 'SIGINT')
  for (let tries = 0; tries < 100 && isOurServer(pid, dataFolder); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** A server works in its data folder, however that was named to it. */
function isOurServer(pid: number, dataFolder: string): boolean {
  try {
    return Number.isSafeInteger(pid) && pid > 1 && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataFolder)
  } catch {
    return false
  }
}
