import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CampaignSender } from '../../src/cli/campaign/send-campaign.ts'
import { type ReceiptStatus, statusOfMessage } from '../../src/domain/receipts.ts'
import { FINAL_STATUSES, isFinal } from '../../src/domain/status.ts'
import { decodeSteps } from '../../src/domain/timeline-steps.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { temporaryFolder } from '../../src/embedded/temporary-folder.ts'
import type { StatusEvent } from '../../src/events/status.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { textList } from '../../src/postgres/text-list.ts'
import { kafkaOf } from '../../src/process/servers/servers-file.ts'
import type { TimelineEntry } from '../../src/status/advance-state.ts'
import { type BenchGateway, startBenchGateway } from '../gateway/bench-gateway.ts'
import { eventually } from '../gateway/eventually.ts'
import { readLag } from '../gateway/read-lag.ts'
import { readTopic } from '../servers/read-topic.ts'
import { RoleProcesses } from '../servers/role-processes.ts'
import { sendMessages } from '../servers/send-messages.ts'
import { type AcknowledgedSubmit, isAcknowledged, meaningOf, readAcknowledged } from './read-acknowledged-receipts.ts'

/** About as many. For the record: RECEIPTS=100000. */
const RECEIPTS = Number(process.env.RECEIPTS || 5_000)
const SEED = Number(process.env.RECEIPTS_SEED ?? Date.now() % 2 ** 31)
const TIMEOUT_MS = 200_000 + RECEIPTS * 5
/** Enough that both workers have some of them. */
const CUSTOMERS = 20
/** Of ten messages one is long, of two or three parts. */
const PARTS_OF_TWENTY = 23
const MESSAGES = Math.ceil(RECEIPTS / PARTS_OF_TWENTY) * 20
const PARTS = (MESSAGES / 20) * PARTS_OF_TWENTY
const LONG_TEXTS = ['two parts '.repeat(20), 'three parts '.repeat(30)]
/** Of what is not as it ought to be. */
const SHOWN_MAX = 10
/** An operator whose answers, receipts' texts and receipts' parameters spell one id in three ways. */
const OPERATORS = `operators:
  smsc:
    connector: smpp
    smpp:
      address: embedded
      system_id: receipts
      binds: 4
      reference_tlv: 0x1501
      message_id: {answer: hex, receipt: decimal, receipt_tlv: hex}
    window: 500
    response_timeout_ms: 10000
    on_ambiguous: hold
routes:
  - {prefix: "", operator: smsc, price: 1}
`
const SIMULATOR_PASSWORD = 'between'
const SMSC = {
  SIMULATOR_SEED: String(SEED),
  SIMULATOR_ID_ANSWER: 'hex',
  SIMULATOR_ID_RECEIPT: 'decimal-padded',
  SIMULATOR_ID_RECEIPT_TLV: 'hex-padded',
  SIMULATOR_RECEIPT_FORM: 'any',
  SIMULATOR_RECEIPT_BIND: 'other',
  SIMULATOR_RECEIPT_EARLY_SHARE: '0.333',
  // About as long as a worker takes to look for the submit, to keep the receipt, and to look again.
  SIMULATOR_RECEIPT_EARLY_MS: '300',
  SIMULATOR_RECEIPT_TWICE_SHARE: '0.333',
  SIMULATOR_RECEIPT_DELAY_MS: '1000',
  SIMULATOR_RECEIPT_LATE_SHARE: '0.1',
  SIMULATOR_RECEIPT_LATE_MS: '3000',
  SIMULATOR_UNDELIVERED_SHARE: '0.3',
  SIMULATOR_UNDELIVERED_AS: 'UNDELIV:011,EXPIRED:01B,REJECTD:045,DELETED:003,UNKNOWN:000',
}

/** A whole gateway, and beside it a worker more, so that receipts also come to the one that did not submit. */
async function startGateway(): Promise<BenchGateway> {
  const { path: folder, remove } = temporaryFolder('smsgw-receipts')
  onTestFinished(remove)
  const operatorsFile = join(folder, 'operators.yaml')
  writeFileSync(operatorsFile, OPERATORS)
  const simulatorPort = String(await freePort())
  const running = await startBenchGateway({
    brokers: 1,
    customers: CUSTOMERS,
    webhooks: { customers: 0, url: '' },
    // No watch waits for receipts that were not matched.
    env: {
      ...SMSC,
      SIMULATOR_PASSWORD,
      SIMULATOR_PORT: simulatorPort,
      OPERATORS_FILE: operatorsFile,
      RECEIPT_WATCH_AFTER_MS: '86400000',
    },
  })
  onTestFinished(running.stop)
  const { kafka, kafka_login: login, database } = running.gateway.servers
  const processes = new RoleProcesses({
    KAFKA_BROKERS: kafka,
    KAFKA_SASL_MECHANISM: 'PLAIN',
    KAFKA_SASL_USERNAME: login!.username,
    KAFKA_SASL_PASSWORD: login!.password,
    DATABASE_URL: database,
    SIMULATOR_PASSWORD,
    SIMULATOR_ADDRESS: `127.0.0.1:${simulatorPort}`,
  })
  onTestFinished(() => processes.stopAll())
  await processes.start('worker', ['run', 'worker'])
  const partitions = () => processes.metric('worker', 'smsgw_consumer_partitions')
  expect(await eventually('the worker has partitions', partitions, (count) => count > 0)).toBeGreaterThan(0)
  return running
}

function messageOf(n: number) {
  return { to: `+98912${1_000_000 + n}`, text: n % 10 === 0 ? LONG_TEXTS[(n / 10) % 2]! : `message ${n}` }
}

async function sendAll({ gateway, apiKeys }: BenchGateway): Promise<void> {
  for (const [customer, apiKey] of apiKeys.entries()) {
    const sender = new CampaignSender({ api: gateway.servers.api, apiKey, name: 'receipts' })
    const first = (customer * MESSAGES) / CUSTOMERS
    const messages = Array.from({ length: MESSAGES / CUSTOMERS }, (_, index) => messageOf(first + index))
    const { refusals } = await sendMessages(sender, messages)
    await sender.close()
    expect(refusals).toEqual([])
  }
}

async function countFinal(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ messages: number }>(
    `SELECT count(*) AS messages FROM message_states WHERE status IN ${textList(FINAL_STATUSES)}`,
  )
  return rows[0]!.messages
}

/** The submits and receipts of the SMSC, once each message is final and each receipt acknowledged. */
async function awaitAcknowledged({ gateway, pool }: BenchGateway): Promise<Map<number, AcknowledgedSubmit>> {
  const finals = await eventually(
    'every message is final',
    () => countFinal(pool),
    (count) => count >= MESSAGES,
    TIMEOUT_MS - 150_000,
  )
  expect(finals).toBe(MESSAGES)
  // The ledger is long, so it is read when there is little left to wait for.
  const reported = await eventually(
    'every submit has its receipts',
    () => readAcknowledged(join(gateway.dataFolder, 'simulator', 'ledger.ndjson')),
    (found) => [...found.values()].every(isAcknowledged),
  )
  expect([...reported.values()].filter((each) => !isAcknowledged(each)).slice(0, SHOWN_MAX)).toEqual([])
  expect(reported.size).toBe(PARTS)
  return reported
}

/** A receipt as PostgreSQL has it, with its submit. */
interface Stored {
  readonly sms_id: number
  readonly attempt: number
  readonly part: number
  readonly id: string
  readonly status: ReceiptStatus | null
  readonly code: string | null
  readonly received_at: Date
  /** The same, or when it was kept as it fitted nothing yet, if that was before. */
  readonly known_at: Date
  readonly worker: string
}

async function readStored(pool: Pool): Promise<Stored[]> {
  const columns = 'operator_message_id AS id, receipt_status AS status, receipt_code AS code'
  const { rows } = await pool.query<Stored>(
    `SELECT sms_id, attempt, coalesce(part, 1) AS part, found.id, found.status, found.code, found.received_at,
       least(found.received_at, early.received_at) AS known_at, worker FROM (
       SELECT sms_id, attempt, NULL AS part, ${columns}, receipt_received_at AS received_at FROM attempts
       UNION ALL
       SELECT sms_id, attempt, part, ${columns}, receipt_received_at FROM attempt_parts) AS found
     JOIN attempts USING (sms_id, attempt) LEFT JOIN early_receipts AS early ON early.operator_message_id = found.id
     WHERE found.id IS NOT NULL OR found.status IS NOT NULL`,
  )
  return rows
}

/**
 * Receipts that are stored at the wrong submit or with other values, or that PostgreSQL had only after their
 * acknowledgement.
 */
function misplaced(reported: ReadonlyMap<number, AcknowledgedSubmit>, stored: readonly Stored[]): object[] {
  return stored.filter(({ id, sms_id, attempt, part, status, code, known_at }) => {
    const of = reported.get(Number(id))
    if (!of) return true
    const meaning = meaningOf(of)
    const isInPlace = of.submit.ref === `${sms_id}.${attempt}` && of.submit.part === part
    const isSame = status === meaning.status && code === meaning.code
    return !isInPlace || !isSame || known_at > new Date(of.acknowledgements[0]!.at)
  })
}

interface State {
  readonly sms_id: number
  readonly status: string
  readonly error_code: string | null
  readonly timeline: readonly TimelineEntry[]
}

/** Messages whose end is not what the receipts of their parts come to, or that have more ends than one. */
function misjudged(reported: ReadonlyMap<number, AcknowledgedSubmit>, states: readonly State[]): State[] {
  const byMessage = Map.groupBy(reported.values(), ({ submit }) => Number(submit.ref!.split('.')[0]))
  return states.filter(({ sms_id, status, error_code, timeline }) => {
    const meanings = byMessage.get(sms_id)!.map(meaningOf)
    const codes = meanings.filter((meaning) => meaning.status === status).map(({ code }) => code)
    const ends = timeline.filter((entry) => isFinal(entry.status))
    return (
      status !== statusOfMessage(meanings.map((meaning) => meaning.status)) ||
      !codes.includes(error_code) ||
      ends.length !== 1 ||
      timeline.at(-1) !== ends[0]
    )
  })
}

/** Messages of which the topic has not one end, the same however often it is there, which is that of their state. */
function mismatched(events: readonly StatusEvent[], states: readonly State[]): State[] {
  const byMessage = Map.groupBy(
    events.filter(({ status }) => isFinal(status)),
    ({ sms_id }) => sms_id,
  )
  return states.filter(({ sms_id, status }) => {
    const ends = byMessage.get(sms_id) ?? []
    return new Set(ends.map(({ event_id }) => event_id)).size !== 1 || ends[0]!.status !== status
  })
}

/** Waits until the updaters have applied all receipts. */
async function untilApplied(cluster: Cluster): Promise<void> {
  const connections = cluster.connections()
  const lag = async (): Promise<number> => {
    const lags = await readLag(cluster, connections)
    return lags.filter(({ group }) => group === 'smsgw-status').reduce((sum, each) => sum + each.lag, 0)
  }
  expect(await eventually('the lag is 0', lag, (behind) => behind === 0)).toBe(0)
  await connections.close()
}

/** How the receipts came, by the SMSC's ledger. */
function describeAcknowledgement(
  reported: ReadonlyMap<number, AcknowledgedSubmit>,
  stored: readonly Stored[],
): Record<string, number> {
  const counts = { early: 0, doubled: 0, acknowledgements: 0, onAnotherBind: 0, atAnotherWorker: 0, overtaken: 0 }
  const worker = new Map(stored.map((row) => [reported.get(Number(row.id))!.submit.session, row.worker]))
  let newest = 0
  for (const [id, { submit, acknowledgements }] of reported) {
    if (submit.receipt === 'early') counts.early++
    if (submit.receipt === 'twice') counts.doubled++
    // Ids rise in the order in which messages were taken.
    if (id < newest) counts.overtaken++
    newest = Math.max(newest, id)
    for (const { session } of acknowledgements) {
      counts.acknowledgements++
      if (session !== submit.session) counts.onAnotherBind++
      if (worker.get(session) !== worker.get(submit.session)) counts.atAnotherWorker++
    }
  }
  return counts
}

test('receipts early, doubled, shuffled, in any spelling, on other binds and at another worker: each is matched once', {
  timeout: TIMEOUT_MS,
}, async () => {
  const running = await startGateway()
  const { gateway, pool } = running
  const startMs = Date.now()
  await sendAll(running)
  const reported = await awaitAcknowledged(running)
  const acknowledgedMs = Date.now() - startMs
  const cluster = new Cluster({ ...kafkaOf(gateway.servers), clientId: 'test' })
  onTestFinished(() => cluster.close())
  await untilApplied(cluster)

  const stored = await readStored(pool)
  expect(misplaced(reported, stored).slice(0, SHOWN_MAX)).toEqual([])
  expect(new Set(stored.map(({ id }) => Number(id)))).toEqual(new Set(reported.keys()))
  expect(stored).toHaveLength(PARTS)
  const { rows: kept } = await pool.query<{ id: string }>('SELECT operator_message_id AS id FROM early_receipts')
  const matched = new Set(stored.map(({ id }) => id))
  expect(kept.filter(({ id }) => !matched.has(id))).toEqual([])

  const { rows } = await pool.query<Omit<State, 'timeline'> & { steps: string }>(
    'SELECT sms_id, status, error_code, steps FROM message_states',
  )
  const states = rows.map(({ steps, ...row }): State => ({ ...row, timeline: decodeSteps(steps) }))
  expect(states).toHaveLength(MESSAGES)
  expect(misjudged(reported, states).slice(0, SHOWN_MAX)).toEqual([])
  const records = await readTopic(cluster, TOPICS.status)
  const events = records.map(({ value }) => JSON.parse(String(value)) as StatusEvent)
  expect(mismatched(events, states).slice(0, SHOWN_MAX)).toEqual([])

  const counts = describeAcknowledgement(reported, stored)
  const thankedBefore = stored.filter(
    (row) => row.received_at > new Date(reported.get(Number(row.id))!.acknowledgements[0]!.at),
  ).length
  const found = {
    receipts: reported.size,
    ...counts,
    kept: kept.length,
    thankedBefore,
    matched: matched.size,
    acknowledgedMs,
    seed: SEED,
  }
  console.log(JSON.stringify(found))
  expect(kept.length).toBeGreaterThan(0)
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(PARTS / 5)
})
