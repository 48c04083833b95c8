import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { readStateFile, writeStateFile } from '../../runtime/write-state-file.ts'
import { freePort } from '../free-port.ts'
import { GuardedServer } from '../guarded-server.ts'
import { lastWords } from '../last-words.ts'
import { endLeftovers } from '../leftover-processes.ts'
import { EnvironmentError, type Progress } from '../progress.ts'
import { type RestartableServer, untilStarted } from '../restartable-server.ts'
import { createDataFolder, openDataFolder } from './data-folder.ts'
import { type PostgresHome, postgresHome } from './postgres-home.ts'

/** SQLSTATE `cannot_connect_now` and `too_many_connections`: the server answers, and recovers or is busy. */
const ALIVE_STATES = new Set(['57P03', '53300'])
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
  max_wal_size: '1GB',
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
export class PostgresServer implements RestartableServer {
  readonly name = 'PostgreSQL'
  readonly whileDown = 'posts are refused with 503'
  readonly folder: string
  readonly #home: PostgresHome
  readonly #access: Access
  #server: GuardedServer

  private constructor(server: GuardedServer, home: PostgresHome, access: Access) {
    this.#server = server
    this.#home = home
    this.folder = home.folder
    this.#access = access
  }

  /** Starts the server, making its data folder the first time. Throws EnvironmentError. */
  static async start(folder: string, progress: Progress, stopping?: AbortSignal): Promise<PostgresServer> {
    const home = postgresHome(folder)
    const { dataFolder } = home
    const access = readAccess(home)
    const isNew = !existsSync(dataFolder)
    if (isNew) {
      progress('postgres', 'creating the database')
      await createDataFolder(home, USER, access.password)
    }
    await endLeftovers(dataFolder, 'SIGINT')
    access.port = await freePort(access.port)
    writeStateFile(accessFile(home), JSON.stringify(access))
    progress('postgres', 'starting')
    const server = new PostgresServer(await launch(home, access), home, access)
    await server.#untilReady(stopping)
    if (isNew) {
      await server.#prepareLog().catch(async (error: Error) => {
        await server.stop()
        throw new EnvironmentError(
          `PostgreSQL could not prepare its log: ${error.message}`,
          `Its log is ${server.logFile}.`,
        )
      })
    }
    progress('postgres', `ready at 127.0.0.1:${access.port}`)
    return server
  }

  /** As in DATABASE_URL; of another database on this server, if one is named. */
  url(database = DATABASE): string {
    return `postgres://${USER}:${this.#access.password}@127.0.0.1:${this.#access.port}/${database}`
  }

  /** The same server over a Unix socket where that is possible: on one machine it costs half of what TCP does. */
  socketUrl(database = DATABASE): string {
    const socketFolder = socketFolderOf(this.#home)
    if (socketFolder === '') return this.url(database)
    const { password, port } = this.#access
    return `postgres://${USER}:${password}@/${database}?host=${encodeURIComponent(socketFolder)}&port=${port}`
  }

  /** The server's first process, for benchmarks and fault injection. */
  get pid(): number {
    return this.#server.pid
  }

  async createDatabase(name: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url('postgres'), connectionTimeoutMillis: 5_000 })
    client.on('error', () => {})
    await client.connect()
    try {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
    } catch (error) {
      if ((error as { code?: string }).code !== '42P04') throw error
    } finally {
      await client.end()
    }
  }

  get logFile(): string {
    return logFileOf(this.#home)
  }

  get exited(): Promise<string> {
    return this.#server.exited
  }

  async probe(timeoutMs: number): Promise<void> {
    const client = new pg.Client({ connectionString: this.url('postgres'), connectionTimeoutMillis: timeoutMs })
    client.on('error', () => {})
    try {
      await client.connect()
    } catch (error) {
      if (!ALIVE_STATES.has((error as { code?: string }).code ?? '')) throw error
    } finally {
      void client.end().catch(() => {})
    }
  }

  kill(): void {
    this.#server.kill()
  }

  /**
   * Backends may outlive the killed server and hold its memory: they are ended first, as no client commits through
   * them.
   */
  async restart(stopping: AbortSignal): Promise<void> {
    await endLeftovers(this.#home.dataFolder, 'SIGKILL')
    this.#server = await launch(this.#home, this.#access)
    await this.#untilReady(stopping)
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

  async #untilReady(stopping: AbortSignal | undefined): Promise<void> {
    try {
      await untilStarted({
        hasExited: () => this.#server.hasExited,
        attempt: () => this.createDatabase(DATABASE),
        stopping,
      })
    } catch (error) {
      await this.#server.stop()
      const { logFile } = this
      throw new EnvironmentError(
        `PostgreSQL ${(error as Error).message}: ${lastWords(logFile)}`,
        `Its log is ${logFile}.`,
      )
    }
  }
}

/** Starts the process; it may still have to recover. */
async function launch(home: PostgresHome, access: Access): Promise<GuardedServer> {
  const socketFolder = socketFolderOf(home)
  removeStaleLocks(join(home.dataFolder, 'postmaster.pid'), socketFolder, access.port)
  const { path, descriptors } = openDataFolder(home)
  const settings = Object.entries({
    ...SERVER_SETTINGS,
    unix_socket_directories: socketFolder === '' ? '' : path,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  try {
    return await GuardedServer.start({
      command: join(home.binFolder, 'postgres'),
      args: ['-D', path, '-p', String(access.port), ...settings],
      logFile: logFileOf(home),
      stopSignal: 'INT',
      cwd: '/',
      user: home.user,
      descriptors,
    })
  } finally {
    for (const each of descriptors) closeSync(each)
  }
}

/**
 * PostgreSQL refuses to start when the process that a lock file names is alive, also when that number belongs to
 * another program by now, as after a restart of the machine or in a container. No process uses the data folder here:
 * leftovers were ended before.
 */
function removeStaleLocks(pidFile: string, socketFolder: string, port: number): void {
  rmSync(pidFile, { force: true })
  if (socketFolder !== '') rmSync(join(socketFolder, `.s.PGSQL.${port}.lock`), { force: true })
}

function logFileOf(home: PostgresHome): string {
  return join(home.folder, 'postgres.log')
}

/**
 * In the data folder, which is the server's alone. Empty if its path would be too long: a socket's has 107 bytes at
 * most.
 */
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
