import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { createCustomer, issueKey, topUp } from '../../src/accounts/accounts.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { eventually } from '../gateway/eventually.ts'
import { freshDatabase } from '../servers/fixtures.ts'

const ROOT = join(import.meta.dirname, '../..')

interface Started {
  readonly child: ChildProcess
  readonly admin: string
  readonly api: string
  readonly said: () => string
  readonly exited: Promise<number | null>
}

/** `smsgw run ROLES…` against servers at these addresses. */
async function run(roles: readonly string[], env: Record<string, string>): Promise<Started> {
  const [port, adminPort] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'run', ...roles], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port), ADMIN_PORT: String(adminPort), HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
  }
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const [admin, api] = [`http://127.0.0.1:${adminPort}`, `http://127.0.0.1:${port}`]
  return { child, admin, api, said: () => said, exited }
}

/** A server that is not there yet: connections to `port` reach it once `open` was called. */
async function laterServer(target: { host: string; port: number }): Promise<{ port: number; open(): Promise<void> }> {
  const port = await freePort()
  let listener: Server | undefined
  onTestFinished(() => void listener?.close())
  const open = async (): Promise<void> => {
    listener = createServer((client) => {
      const server = createConnection(target)
      client.pipe(server).pipe(client)
      for (const socket of [client, server]) socket.on('error', () => client.destroy())
    })
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
  }
  return { port, open }
}

const statusOf = (url: string): Promise<number> =>
  fetch(url).then(
    ({ status }) => status,
    () => 0,
  )

async function readiness(admin: string): Promise<{ ready: boolean; checks: Record<string, string> }> {
  const answer = await fetch(`${admin}/readyz`)
  return (await answer.json()) as { ready: boolean; checks: Record<string, string> }
}

test('roles wait for PostgreSQL, then for Kafka, live and not ready; the API takes posts before Kafka is there', async () => {
  const pool = await freshDatabase()
  await createCustomer(pool, { customerId: 'c', name: 'c', currency: 'IRR' })
  await topUp(pool, 'c', 100_000)
  const { key } = await issueKey(pool, 'c')
  const database = new URL(inject('databaseUrl'))
  const { rows } = await pool.query<{ name: string }>('SELECT current_database() AS name')
  database.pathname = `/${rows[0]!.name}`
  const postgres = await laterServer({ host: database.hostname, port: Number(database.port) })
  const [broker] = inject('kafkaBrokers').split(',')
  const kafka = await laterServer({ host: '127.0.0.1', port: Number(broker!.split(':')[1]) })
  database.port = String(postgres.port)

  const started = await run(['api', 'relay'], {
    DATABASE_URL: database.href,
    KAFKA_BROKERS: `127.0.0.1:${kafka.port}`,
    SIMULATOR_ADDRESS: '127.0.0.1:9',
  })
  const { admin, api } = started
  expect(
    await eventually(
      '/livez answers 200',
      () => statusOf(`${admin}/livez`),
      (status) => status === 200,
    ),
  ).toBe(200)
  const waiting = await readiness(admin)
  expect(waiting.ready).toBe(false)
  expect(waiting.checks.start).toContain('PostgreSQL does not answer')

  await postgres.open()
  const post = (): Promise<number> =>
    fetch(`${api}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ to: '+989121234567', text: 'before Kafka' }),
    }).then(
      ({ status }) => status,
      () => 0,
    )
  expect(await eventually('a message is accepted', post, (status) => status === 202)).toBe(202)
  expect((await readiness(admin)).checks.start).toContain('no Kafka broker answers')

  await kafka.open()
  expect(
    await eventually(
      '/readyz answers 200',
      () => statusOf(`${admin}/readyz`),
      (status) => status === 200,
    ),
  ).toBe(200)
  started.child.kill('SIGTERM')
  expect(await started.exited).toBe(0)
})

test('SIGTERM ends the wait', async () => {
  const { child, admin, exited } = await run(['worker'], {
    DATABASE_URL: 'postgres://a:b@127.0.0.1:9/c',
    KAFKA_BROKERS: '127.0.0.1:9',
  })
  expect(
    await eventually(
      '/readyz answers 503',
      () => statusOf(`${admin}/readyz`),
      (status) => status === 503,
    ),
  ).toBe(503)
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
})

test.each([
  ['a wrong password', { password: 'wrong' }, 'password authentication failed'],
  ['an unknown database', { pathname: '/not_there' }, 'does not exist'],
])('%s ends the process with a sentence', async (_name, spoilt, sentence) => {
  const url = Object.assign(new URL(inject('databaseUrl')), spoilt)
  const { exited, said } = await run(['relay'], { DATABASE_URL: url.href, KAFKA_BROKERS: inject('kafkaBrokers') })
  expect(await exited).toBe(1)
  expect(said()).toContain(sentence)
  expect(said()).not.toContain('    at ')
})
