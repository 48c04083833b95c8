import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { PostgresServer } from '../../src/embedded/postgres/postgres-server.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import { silent } from '../gateway/silent-progress.ts'

const isRoot = process.getuid?.() === 0
const UNPRIVILEGED = { uid: 65_534, gid: 65_534 }

async function answerOf(url: string, query: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(query)).rows[0]
  } finally {
    await client.end()
  }
}

test('PostgreSQL keeps its data in a folder that other users cannot enter, over TCP, socket and a restart', async () => {
  const { path, remove } = temporaryFolder('smsgw-postgres')
  onTestFinished(remove)
  const folder = join(path, 'postgres')
  let server = await PostgresServer.start(folder, silent)
  const url = server.url()
  await answerOf(server.socketUrl(), 'CREATE TABLE kept AS SELECT 1 AS value')
  expect([path, folder, join(folder, 'data')].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o700, 0o700])
  expect(statSync(join(folder, 'access.json')).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder).sort()).toEqual(['access.json', 'data', 'postgres.log'])
  await server.stop()

  server = await PostgresServer.start(folder, silent)
  onTestFinished(() => server.stop())
  expect(server.url()).toBe(url)
  expect(await answerOf(server.url(), 'SELECT value FROM kept')).toEqual({ value: 1 })
  // Without the password no client gets in, by neither way.
  for (const each of [server.url(), server.socketUrl()]) {
    const wrong = each.replace(/:[^:@]+@/, ':wrong@')
    await expect(answerOf(wrong, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
  }
})

test('a server that outlived its gateway is stopped before another starts on its data', async () => {
  const { path, remove } = temporaryFolder('smsgw-postgres')
  onTestFinished(remove)
  const folder = join(path, 'postgres')
  const left = await PostgresServer.start(folder, silent)
  const server = await PostgresServer.start(folder, silent)
  onTestFinished(() => server.stop())
  expect(server.pid).not.toBe(left.pid)
  expect(await answerOf(server.url(), 'SELECT 1 AS value')).toEqual({ value: 1 })
  await left.stop()
})

test.runIf(isRoot)('links and folders that a stranger plants are neither followed nor handed over', async () => {
  const { path, remove } = temporaryFolder('smsgw-planted')
  onTestFinished(remove)
  chmodSync(path, 0o777)
  const victim = join(path, 'victim')
  mkdirSync(victim, { mode: 0o700 })
  // The data folder's parent is open to all, as /tmp is; a link is there before us.
  const planted = join(path, 'postgres')
  execFileSync('ln', ['-s', victim, planted], UNPRIVILEGED)
  await expect(PostgresServer.start(planted, silent)).rejects.toThrow(/belongs to user 65534/)
  rmSync(planted)
  execFileSync('mkdir', [planted], UNPRIVILEGED)
  await expect(PostgresServer.start(planted, silent)).rejects.toThrow(/belongs to user 65534/)
  expect([lstatSync(victim).uid, readdirSync(victim)]).toEqual([0, []])
})

test.runIf(isRoot)(
  'data that an earlier version left below /var/tmp is moved home, but not what a stranger made there',
  async () => {
    const { createHash } = await import('node:crypto')
    const earlierPlace = (folder: string): string =>
      join('/var/tmp', `smsgw-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`)
    const { path, remove } = temporaryFolder('smsgw-earlier')
    onTestFinished(remove)
    const first = join(path, 'first')
    const before = await PostgresServer.start(first, silent)
    await answerOf(before.url(), 'CREATE TABLE kept AS SELECT 1 AS value')
    await before.stop()

    const [home, stranger] = [join(path, 'home'), join(path, 'stranger')]
    onTestFinished(() => {
      for (const each of [home, stranger]) rmSync(earlierPlace(each), { recursive: true, force: true })
    })
    mkdirSync(earlierPlace(home), { mode: 0o755 })
    spawnSync('cp', ['-a', first, join(earlierPlace(home), 'postgres')])
    spawnSync('chown', ['postgres', join(earlierPlace(home), 'postgres')])
    const adopted = await PostgresServer.start(home, silent)
    onTestFinished(() => adopted.stop())
    expect(await answerOf(adopted.url(), 'SELECT value FROM kept')).toEqual({ value: 1 })

    symlinkSync(first, earlierPlace(stranger))
    const fresh = await PostgresServer.start(stranger, silent)
    onTestFinished(() => fresh.stop())
    await expect(answerOf(fresh.url(), 'SELECT value FROM kept')).rejects.toThrow(/does not exist/)
    expect(existsSync(join(first, 'data'))).toBe(true)
  },
)
