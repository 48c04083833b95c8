import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { NPM_FROM_CACHE } from '../image/build-image-folder.ts'
import { ROOT } from '../read-source.ts'

const run = promisify(execFile)

/** The environment of a user on this machine: without what npm adds for scripts of the checkout. */
export const USER = {
  ...process.env,
  ...NPM_FROM_CACHE,
  PATH: process.env
    .PATH!.split(delimiter)
    .filter((folder) => !folder.startsWith(ROOT))
    .join(delimiter),
}

/** As above, on a machine whose own Node is new enough. */
export const WITH_NEW_NODE = { ...USER, PATH: [dirname(process.execPath), USER.PATH].join(delimiter) }

/** Packs the checkout and installs the package into an empty folder. Returns where it is installed. */
export async function installPackage(folder: string): Promise<string> {
  await run('npm', ['pack', '--pack-destination', folder], { cwd: ROOT })
  const file = readdirSync(folder).find((name) => name.endsWith('.tgz'))!
  await run('npm', ['install', '--no-audit', '--no-fund', `./${file}`], { cwd: folder, env: USER })
  // What `smsgw up` would fetch into the folder by Maven.
  const cache = join(ROOT, '.smsgw/cache')
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  mkdirSync(join(folder, '.smsgw'), { mode: 0o700 })
  symlinkSync(cache, join(folder, '.smsgw/cache'))
  return join(folder, 'node_modules/smsgw')
}
