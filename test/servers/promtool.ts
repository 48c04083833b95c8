import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EnvironmentError } from '../../src/embedded/progress.ts'

const run = promisify(execFile)
const CACHE = join(import.meta.dirname, '../../.smsgw/cache')

/**
 * Prometheus' checker of rules: the one on the PATH, else Debian's, unpacked into the cache and not installed.
 * Throws EnvironmentError when there is neither.
 */
export async function findPromtool(): Promise<string> {
  const isOnPath = await run('promtool', ['--version']).then(
    () => true,
    () => false,
  )
  if (isOnPath) return 'promtool'
  const promtool = join(CACHE, 'promtool', 'usr/bin/promtool')
  if (!existsSync(promtool)) await unpackDebianPackage()
  return promtool
}

/** Into a folder beside the final one, which is then renamed, so that half of it is never mistaken. */
async function unpackDebianPackage(): Promise<void> {
  const work = join(CACHE, `promtool-${process.pid}.part`)
  await mkdir(work, { recursive: true })
  try {
    await run('apt-get', ['download', 'prometheus'], { cwd: work })
    const [file] = (await readdir(work)).filter((name) => name.endsWith('.deb'))
    await run('dpkg', ['-x', join(work, file!), join(work, 'unpacked')])
    await rename(join(work, 'unpacked'), join(CACHE, 'promtool'))
  } catch (cause) {
    throw new EnvironmentError(
      `The rules are checked by promtool, which is neither on the PATH nor to be had: ${(cause as Error).message}`,
      'Install the package `prometheus` (Debian), or put promtool of a Prometheus release on the PATH.',
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
