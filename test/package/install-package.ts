import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { NPM_FROM_CACHE } from '../image/build-image-folder.ts'
import { ROOT } from '../read-source.ts'

/** This machine's, without what npm adds for the scripts of the checkout. */
const MACHINE_PATH = process.env.PATH!.split(delimiter).filter((folder) => !folder.startsWith(ROOT))

/** The environment of a user on this machine. */
export const USER = { ...process.env, ...NPM_FROM_CACHE, PATH: MACHINE_PATH.join(delimiter) }

/** The environment of a user whose own Node is new enough. */
export const USER_OF_NEW_NODE = { ...USER, PATH: [dirname(process.execPath), USER.PATH].join(delimiter) }

/** Packs the checkout, and gives an empty folder what `smsgw up` would fetch into it by Maven. Returns the package's file. */
export async function packInto(folder: string): Promise<string> {
  const cache = join(ROOT, '.smsgw/cache')
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  mkdirSync(join(folder, '.smsgw'), { mode: 0o700 })
  symlinkSync(cache, join(folder, '.smsgw/cache'))
  await promisify(execFile)('npm', ['pack', '--pack-destination', folder], { cwd: ROOT })
  return readdirSync(folder).find((name) => name.endsWith('.tgz'))!
}

/** Runs a command line, as typed in the folder. Throws with what it printed. */
export async function typed(folder: string, command: string, env: NodeJS.ProcessEnv): Promise<void> {
  await promisify(execFile)('sh', ['-c', command], { cwd: folder, env })
}
