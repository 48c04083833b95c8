import { spawn } from 'node:child_process'
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { EnvironmentError } from '../progress.ts'
import type { PostgresHome } from './postgres-home.ts'

/** Of a server's process; see `guarded-server.ts`, which has those before it. */
const DESCRIPTOR = 5
const FOLDER_ITSELF = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** The data folder as the server names it. */
export interface OpenDataFolder {
  readonly path: string
  /** For the server's process to inherit from the fifth on; to be closed when it runs. */
  readonly descriptors: readonly number[]
}

/**
 * Opens the data folder for the server. As root we run it as a user of its own, which cannot pass through the folders
 * above, as they are root's alone: so it inherits the folder, open, and reaches it as `/proc/self/fd/5`.
 */
export function openDataFolder({ dataFolder, user }: PostgresHome): OpenDataFolder {
  if (!user) return { path: dataFolder, descriptors: [] }
  const folder = openSync(dataFolder, FOLDER_ITSELF)
  if (fstatSync(folder).uid === user.uid) return { path: `/proc/self/fd/${DESCRIPTOR}`, descriptors: [folder] }
  closeSync(folder)
  throw new EnvironmentError(
    `${dataFolder} does not belong to PostgreSQL's user (${user.uid}).`,
    `Give it to that user (chown -R ${user.uid}:${user.gid}), or run as the user that it belongs to.`,
  )
}

/** Makes the data folder beside its final place and renames it, so that a broken-off start leaves nothing half done. */
export async function createDataFolder(home: PostgresHome, superuser: string, password: string): Promise<void> {
  const { user } = home
  const part = `${home.dataFolder}.part`
  const passwordFile = join(home.folder, 'password')
  rmSync(part, { recursive: true, force: true })
  rmSync(passwordFile, { force: true })
  mkdirSync(part, { mode: 0o700 })
  writeFileSync(passwordFile, password, { flag: 'wx', mode: 0o600 })
  const descriptors = [openSync(part, FOLDER_ITSELF), openSync(passwordFile, 'r')]
  try {
    if (user) for (const each of descriptors) fchownSync(each, user.uid, user.gid)
    fchmodSync(descriptors[0]!, 0o700)
    const [data, pwfile] = user ? ['/proc/self/fd/3', '/proc/self/fd/4'] : [part, passwordFile]
    await initdb(home, [`--pgdata=${data}`, `--pwfile=${pwfile}`, `--username=${superuser}`], descriptors)
    renameSync(part, home.dataFolder)
  } catch (cause) {
    throw new EnvironmentError(
      `PostgreSQL could not create its data folder: ${(cause as Error).message}`,
      `Check that ${home.folder} can be written and the disk has room.`,
    )
  } finally {
    for (const each of descriptors) closeSync(each)
    rmSync(passwordFile, { force: true })
  }
}

/** Throws an Error with what initdb wrote. */
function initdb({ binFolder, user }: PostgresHome, places: string[], descriptors: readonly number[]): Promise<void> {
  const args = [...places, '--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', '--no-instructions']
  const stdio = ['ignore', 'ignore', 'pipe', ...descriptors] as const
  const child = spawn(join(binFolder, 'initdb'), args, { ...user, cwd: '/', stdio: [...stdio] })
  let errors = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`initdb ended (${code}): ${errors}`))))
  })
}
