import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { EnvironmentError } from '../../src/embedded/progress.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'

const run = promisify(execFile)
const CACHE = join(import.meta.dirname, '../../.smsgw/cache')
const SETUP = join(import.meta.dirname, '../contract/schemathesis')
const REQUIREMENTS = join(SETUP, 'requirements.txt')
const REMEDY =
  'Install Python 3.10 or newer with pip (Debian: python3 and python3-pip); `python3 -m pip` must reach an index.'

export interface SchemathesisRun {
  readonly description: string
  /** Of the folder test/contract/schemathesis. */
  readonly configuration: string
  /** An API key; null to send none. */
  readonly key: string | null
  /** Of each operation, beside the examples and the edges of its schema. */
  readonly examples: number
  readonly seed: number
}

/** Runs all checks of schemathesis. Returns its exit code and what it printed. Throws EnvironmentError without Python. */
export async function runSchemathesis(options: SchemathesisRun): Promise<{ code: number | null; printed: string }> {
  const library = await installSchemathesis()
  const { path: folder, remove } = temporaryFolder('smsgw-schemathesis')
  try {
    const env = { ...process.env, PYTHONPATH: [library, SETUP].join(delimiter), SCHEMATHESIS_HOOKS: 'formats' }
    const child = spawn('python3', ['-m', 'schemathesis.cli', ...argumentsOf(options)], {
      cwd: folder,
      env: { ...env, PYTHONDONTWRITEBYTECODE: '1', COLUMNS: '200' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text
      })
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { code, printed }
  } finally {
    await remove()
  }
}

function argumentsOf({ description, configuration, key, examples, seed }: SchemathesisRun): string[] {
  return [
    ...['--config-file', join(SETUP, configuration), 'run', description],
    ...['--checks', 'all', '--max-examples', String(examples), '--seed', String(seed)],
    ...['--generation-database', 'none', '--continue-on-failure', '--no-color'],
    ...(key === null ? [] : ['--header', `Authorization: Bearer ${key}`]),
  ]
}

/** The folder of the pinned version and of all it needs; fetched into the cache the first time. */
async function installSchemathesis(): Promise<string> {
  const requirements = await readFile(REQUIREMENTS, 'utf8')
  const version = /^schemathesis==(\S+)$/m.exec(requirements)![1]
  const python = await pythonVersion()
  const folder = join(CACHE, `schemathesis-${version}-python-${python}`)
  if (existsSync(folder)) return folder
  // A folder beside the final one, which is then renamed, so that half of it is never mistaken.
  const work = join(CACHE, `schemathesis-${process.pid}.part`)
  await mkdir(work, { recursive: true })
  try {
    const quietly = ['--quiet', '--disable-pip-version-check', '--no-compile']
    await run('python3', [
      '-m',
      'pip',
      'install',
      ...quietly,
      '--no-deps',
      '--target',
      work,
      '--requirement',
      REQUIREMENTS,
    ])
    await rename(work, folder)
  } catch (cause) {
    throw new EnvironmentError(`The API is tested by schemathesis, which pip cannot install: ${cause}`, REMEDY)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}

async function pythonVersion(): Promise<string> {
  try {
    const { stdout } = await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])
    return stdout.trim()
  } catch (cause) {
    throw new EnvironmentError(`The API is tested by schemathesis, which needs Python 3: ${cause}`, REMEDY)
  }
}
