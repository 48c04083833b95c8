import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempDisposableSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import type { ServersFile } from '../../src/process/servers/servers-file.ts'
import { type ListeningPort, listeningPorts, processTree } from '../servers/listening-ports.ts'
import type { StrangersTask } from '../servers/stranger.ts'

const ROOT = join(import.meta.dirname, '../..')
const UNPRIVILEGED = 65_534
const isRoot = process.getuid?.() === 0
// Passable by all, so that what keeps strangers out is the gateway's own doing.
const base = mkdtempDisposableSync(join(tmpdir(), 'smsgw-strangers-'))
chmodSync(base.path, 0o755)

let up: ChildProcess
let servers: ServersFile
let dataFolder: string
let pids: number[]
let listening: ListeningPort[]
let simulator: number

beforeAll(async () => {
  simulator = await freePort()
  const env = { TMPDIR: base.path, PORT: String(await freePort()), ADMIN_PORT: '0', SIMULATOR_PORT: String(simulator) }
  up = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'up', '--json', '--ephemeral'], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: up.stdout! }), 'line')) as [string]
  servers = JSON.parse(line) as ServersFile
  dataFolder = join(base.path, readdirSync(base.path).find((name) => name.startsWith('smsgw-'))!)
  pids = processTree(up.pid!)
  listening = listeningPorts(pids)
})

afterAll(async () => {
  if (up.exitCode === null) {
    up.kill('SIGTERM')
    await once(up, 'exit')
  }
  base.remove()
})

const portOf = (url: string): number => Number(new URL(url).port)
const kafkaPort = (): number => Number(servers.kafka.split(':')[1])

/** The one that is not among those of clients. */
function controllerPort(): number {
  const { nodes } = JSON.parse(readFileSync(join(dataFolder, 'kafka/cluster.json'), 'utf8')) as {
    nodes: { controllerPort: number }[]
  }
  return nodes[0]!.controllerPort
}

test('what is opened is what the documents say, and only the public API to other machines', () => {
  const { api, admin, clickhouse, database } = servers
  const documented = [...[api, admin, clickhouse, database].map(portOf), kafkaPort(), controllerPort(), simulator]
  expect(listening.map(({ port }) => port).sort()).toEqual(documented.sort())
  expect(listening.filter(({ isLoopback }) => !isLoopback).map(({ port }) => port)).toEqual([portOf(api)])
})

test('another user of the machine can read, write, send and see nothing, on any port or in any file', async () => {
  const { api, admin, clickhouse, database } = servers
  const task: StrangersTask = {
    user: isRoot ? UNPRIVILEGED : null,
    ports: {
      kafka: kafkaPort(),
      controller: controllerPort(),
      postgres: portOf(database),
      clickhouse: portOf(clickhouse),
      simulator,
    },
    api,
    admin,
    socketFolder: join(dataFolder, 'postgres/data'),
    paths: [
      dataFolder,
      ...readdirSync(dataFolder, { recursive: true, encoding: 'utf8' }).map((each) => join(dataFolder, each)),
    ],
    pids,
    secrets: null,
  }
  expect(task.paths.length).toBeGreaterThan(100)
  expect(await tryAs(task)).toEqual([])
  const secrets = { kafka: servers.kafka_login!.password, database }
  expect(await tryAs({ ...task, secrets })).toEqual(['fulfilled', 'fulfilled'])
})

async function tryAs(task: StrangersTask): Promise<string[]> {
  const stranger = fork(join(ROOT, 'test/servers/stranger.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  stranger.send(task)
  const [answer] = (await once(stranger, 'message')) as [string[]]
  return answer
}

test('command lines, which all users see, hold no secret', () => {
  const secrets = [
    servers.api_key,
    servers.admin_token,
    servers.kafka_login!.password,
    new URL(servers.clickhouse).password,
    new URL(servers.database).password,
  ]
  expect(secrets.every((secret) => secret.length >= 16)).toBe(true)
  const lines = pids.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
  expect(lines.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([])
})

test('the data folder and all below it are for this user alone', () => {
  const open = readdirSync(dataFolder).filter((name) => (statSync(join(dataFolder, name)).mode & 0o077) !== 0)
  expect([statSync(dataFolder).mode & 0o777, open]).toEqual([0o700, []])
  const logs = readdirSync(join(dataFolder, 'logs')).map(
    (name) => statSync(join(dataFolder, 'logs', name)).mode & 0o777,
  )
  expect(new Set(logs)).toEqual(new Set([0o600]))
})

test.each([
  [{ origin: 'http://evil.example' }],
  [{ origin: 'null' }],
  [{ host: 'evil.example' }],
  [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
])('a page of another origin gets nothing, even if it knew the secrets: %o', async (given) => {
  const clickhouse = new URL(servers.clickhouse)
  const basic = Buffer.from(`${clickhouse.username}:${clickhouse.password}`).toString('base64')
  for (const [url, authorization] of [
    [`${clickhouse.origin}/?query=SELECT%201`, `Basic ${basic}`],
    [`${servers.admin}/v1/dead-letters`, `Bearer ${servers.admin_token}`],
    [`${servers.admin}/metrics`, ''],
    [`${servers.admin}/readyz`, ''],
  ] as const) {
    const headers: Record<string, string> = { authorization, 'content-type': 'text/plain', ...given }
    if (headers.host) headers.host = `${headers.host}:${portOf(url)}`
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const answer = await ask(method, url, headers)
      expect([url, method, answer.status, answer.allowed]).toEqual([url, method, 403, undefined])
    }
  }
  // The public API may be reached by any name; a page has no key, and may not read what is answered.
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    const answer = await ask(method, `${servers.api}/v1/messages`, given as Record<string, string>)
    expect([method, answer.status >= 400, answer.allowed]).toEqual([method, true, undefined])
  }
})

function ask(method: string, url: string, headers: Record<string, string>) {
  return new Promise<{ status: number; allowed: unknown }>((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      response.resume()
      resolve({ status: response.statusCode!, allowed: response.headers['access-control-allow-origin'] })
    })
    sent.once('error', reject).end()
  })
}
