import { constants, openSync, readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import pg from 'pg'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { COMMAND_STATUS } from '../../src/smpp/command-status.ts'
import { createPdu } from '../../src/smpp/pdu.ts'
import { BareEsme } from './bare-esme.ts'

/*
  Another user of the machine, as a process of its own: it is given the places of everything that a gateway has opened,
  and none of its secrets, drops its rights, and tries. Each attempt that comes through is named in what it sends back.
*/

const NO_LOGIN = /password authentication failed|SASL|client password must be a string|EACCES/
const NO_ANSWER = /authentication|closed|unreachable|ECONNRESET|timed out/i
/** EISDIR: no user can write a folder as a file, which is checked before the rights. */
const NO_RIGHTS = new Set(['EACCES', 'EPERM', 'EISDIR'])

export interface StrangersTask {
  /** The user to become; null stays the user that runs the gateway, still without the secret. */
  readonly user: number | null
  readonly ports: { readonly [server in 'kafka' | 'controller' | 'postgres' | 'clickhouse' | 'simulator']: number }
  readonly api: string
  readonly admin: string
  readonly socketFolder: string
  /** Folders and files of the gateway. */
  readonly paths: readonly string[]
  readonly pids: readonly number[]
  /** The password of Kafka and the URL of PostgreSQL, for a run that is to come through; null for a stranger. */
  readonly secrets: { readonly kafka: string; readonly database: string } | null
}

async function perform(task: StrangersTask): Promise<void> {
  // What is imported only when it is first used has to be there before the rights are gone.
  await Promise.allSettled([postgres('postgres://x@127.0.0.1:1/x'), kafka(1, null)])
  if (task.user !== null) {
    process.setgroups!([task.user])
    process.setgid!(task.user)
    process.setuid!(task.user)
  }
  process.send!(task.secrets ? await comeThrough(task, task.secrets) : await attempt(task))
  process.disconnect()
}

process.once('message', (task: StrangersTask) => {
  perform(task).catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

/** The same attempts with the secrets, so that the others are known to fail for want of them. */
async function comeThrough(
  { ports }: StrangersTask,
  secrets: NonNullable<StrangersTask['secrets']>,
): Promise<string[]> {
  const results = await Promise.allSettled([postgres(secrets.database), kafka(ports.kafka, secrets.kafka)])
  return results.map(({ status }) => status)
}

function reasonsOf(error: Error & { errors?: Error[] }): string {
  const cause = error.cause instanceof Error ? reasonsOf(error.cause) : ''
  return `${error.message} ${(error.errors ?? []).map(reasonsOf).join(' ')} ${cause}`
}

/** The names of attempts that should have failed and did not. */
async function attempt(task: StrangersTask): Promise<string[]> {
  const { ports, api, admin, socketFolder } = task
  const came: string[] = task.user === null ? [] : filesAndProcesses(task)
  const mustFail = async (what: string, refusal: RegExp, trying: Promise<unknown>): Promise<void> => {
    const how = await trying.then(() => 'came through').catch(reasonsOf)
    if (!refusal.test(how)) came.push(`${what}: ${how}`)
  }
  for (const user of ['smsgw', 'postgres', 'nobody']) {
    for (const password of ['', ':', ':smsgw', ':postgres']) {
      for (const database of ['smsgw', 'postgres']) {
        const login = `postgres://${user}${password}@`
        await mustFail(`PostgreSQL as ${login}`, NO_LOGIN, postgres(`${login}127.0.0.1:${ports.postgres}/${database}`))
        const socket = `host=${encodeURIComponent(socketFolder)}&port=${ports.postgres}`
        await mustFail(`PostgreSQL's socket as ${login}`, NO_LOGIN, postgres(`${login}/${database}?${socket}`))
      }
    }
  }
  for (const port of [ports.kafka, ports.controller]) {
    await mustFail(`Kafka at ${port} without a login`, NO_ANSWER, kafka(port, null))
    for (const password of ['smsgw', 'x']) {
      await mustFail(`Kafka at ${port} with ${password}`, NO_ANSWER, kafka(port, password))
    }
  }
  for (const [method, url] of [
    ['GET', `http://127.0.0.1:${ports.clickhouse}/?query=SELECT%201`],
    ['POST', `http://127.0.0.1:${ports.clickhouse}/?query=SELECT%201`],
    ['POST', `http://default:@127.0.0.1:${ports.clickhouse}/?query=SELECT%201`],
    ['GET', `${admin}/v1/dead-letters`],
    ['POST', `${admin}/v1/dead-letters/redrive`],
    ['PUT', `${admin}/v1/dead-letters/x-0-1/value`],
    ['GET', `${admin}/v1/operators`],
    ['POST', `${api}/v1/messages`],
    ['GET', `${api}/v1/messages/1`],
    ['GET', `${api}/v1/balance`],
  ] as const) {
    const status = await statusOf(method, url)
    if (status !== 401 && status !== 403) came.push(`${method} ${url}: ${status}`)
  }
  for (const password of ['', 'smsgw', 'password']) {
    const esme = await BareEsme.open(ports.simulator)
    const bind = { systemId: 'smsgw', password, interfaceVersion: 0x34 }
    const answer = await esme.ask(createPdu('bind_transceiver', esme.nextSequence(), bind))
    if (answer.status !== COMMAND_STATUS.ESME_RINVPASWD.code) came.push(`a bind with "${password}": ${answer.status}`)
    const submitted = await esme.submitAndWait().catch(() => undefined)
    if (submitted?.status !== COMMAND_STATUS.ESME_RINVBNDSTS.code) came.push(`a submit: ${submitted?.status}`)
    esme.close()
  }
  return came
}

function filesAndProcesses({ paths, pids }: StrangersTask): string[] {
  const came: string[] = []
  const mustFail = (what: string, trying: () => unknown): void => {
    try {
      trying()
      came.push(what)
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (!NO_RIGHTS.has(code)) came.push(`${what}: ${code}`)
    }
  }
  for (const path of paths) {
    mustFail(`list ${path}`, () => readdirSync(path))
    mustFail(`read ${path}`, () => openSync(path, constants.O_RDONLY))
    mustFail(`write ${path}`, () => openSync(path, constants.O_WRONLY))
    mustFail(`make ${path}.new`, () => openSync(`${path}.new`, constants.O_CREAT | constants.O_WRONLY))
  }
  for (const pid of pids) {
    mustFail(`signal ${pid}`, () => process.kill(pid, 0))
    mustFail(`read the environment of ${pid}`, () => readFileSync(`/proc/${pid}/environ`))
    mustFail(`read the files of ${pid}`, () => readdirSync(`/proc/${pid}/fd`))
  }
  return came
}

async function postgres(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => {})
  }
}

async function kafka(port: number, password: string | null): Promise<void> {
  const sasl = password === null ? {} : { sasl: { mechanism: 'PLAIN', username: 'smsgw', password } as const }
  const times = { connectTimeoutMs: 2_000, requestTimeoutMs: 2_000 }
  const cluster = new Cluster({ brokers: [`127.0.0.1:${port}`], clientId: 'stranger', ...times, ...sasl })
  try {
    await cluster.refresh()
  } finally {
    await cluster.close()
  }
}

function statusOf(method: string, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'x-smsgw-by': 'stranger' }
    const sent = request(url, { method, headers }, (response) => {
      response.resume()
      resolve(response.statusCode!)
    })
    sent.once('error', reject).end(method === 'GET' ? undefined : '{}')
  })
}
