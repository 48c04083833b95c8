import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type CommandLine, runCommand } from './run-command.ts'

const CACHE = join(import.meta.dirname, '../../.smsgw/cache/kcat')
const REMEDY = 'Install kcat (Debian and Ubuntu: `apt-get install kcat`), the command line of librdkafka.'

const run = promisify(execFile)

/** Runs librdkafka's `kcat` with these arguments; what it prints is returned line by line. */
export async function kcat(args: readonly string[], input = ''): Promise<string[]> {
  const { command, env } = await locate()
  return runCommand({ command, args, env, input })
}

/** From the PATH, or else from Debian's packages, unpacked into the cache; nothing is installed. */
async function locate(): Promise<Pick<CommandLine, 'command' | 'env'>> {
  if (await works('kcat')) return { command: 'kcat' }
  if (!existsSync(CACHE)) await unpackPackages()
  const libraries = join(CACHE, 'usr/lib')
  const folders = [libraries, ...readdirSync(libraries).map((each) => join(libraries, each))]
  const unpacked = { command: join(CACHE, 'usr/bin/kcat'), env: { LD_LIBRARY_PATH: folders.join(':') } }
  if (!(await works(unpacked.command, unpacked.env))) throw new Error(`${unpacked.command} does not run. ${REMEDY}`)
  return unpacked
}

async function works(command: string, env: NodeJS.ProcessEnv = {}): Promise<boolean> {
  return run(command, ['-V'], { env: { ...process.env, ...env } }).then(
    () => true,
    () => false,
  )
}

async function unpackPackages(): Promise<void> {
  const work = `${CACHE}-${process.pid}.part`
  await mkdir(work, { recursive: true })
  try {
    await run('apt-get', ['download', 'kcat', 'librdkafka1', 'libyajl2'], { cwd: work })
    for (const file of readdirSync(work)) await run('dpkg', ['-x', file, 'root'], { cwd: work })
    await rename(join(work, 'root'), CACHE)
  } catch (cause) {
    throw new Error(`There is no kcat on the PATH, and its packages could not be had. ${REMEDY}`, { cause })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
