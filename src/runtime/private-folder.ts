import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  type Stats,
} from 'node:fs'
import { dirname } from 'node:path'
import { ExpectedError } from './expected-error.ts'

const PRIVATE = 0o700
const OTHERS = 0o077
const ROOT = 0
const DIRECTORY_ITSELF = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * Makes a folder, with those above it, that only this user can enter, or removes the rights of others from one that
 * exists. A folder or a symbolic link of another user is refused: its owner could read, replace or redirect what we
 * keep there. A folder of root's that root gave to a group (a mounted volume) is used as it is. Throws ExpectedError.
 */
export function privateFolder(path: string): void {
  const folder = openOwnFolder(path)
  try {
    const { uid, mode } = fstatSync(folder)
    if (uid === currentUser() && (mode & OTHERS) !== 0) fchmodSync(folder, PRIVATE)
  } finally {
    closeSync(folder)
  }
}

/**
 * A descriptor of a folder that belongs to this user or to root, made with mode 0700 if it is missing. The last
 * component is never followed as a symbolic link of another user. Throws ExpectedError.
 */
export function openOwnFolder(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: PRIVATE })
  try {
    mkdirSync(path, { mode: PRIVATE })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const link = lstatSync(path)
  if (!isTrusted(link)) throw refusal(path, link)
  // A link of our own, as to a larger disk, is followed once; what it leads to has to be ours as well.
  const descriptor = openSync(link.isSymbolicLink() ? realpathSync(path) : path, DIRECTORY_ITSELF)
  const stats = fstatSync(descriptor)
  if (isTrusted(stats)) return descriptor
  closeSync(descriptor)
  throw refusal(path, stats)
}

function isTrusted({ uid }: Stats): boolean {
  return uid === currentUser() || uid === ROOT
}

function refusal(path: string, { uid }: Stats): ExpectedError {
  return new ExpectedError(
    `${path} belongs to user ${uid}, not to this one (${currentUser()}), so it is not used. ` +
      'Name another folder, or give this one to the user that runs the gateway (chown).',
  )
}

/** Windows has no user ids; 0 there, as for all its files. */
function currentUser(): number {
  return process.getuid?.() ?? ROOT
}
