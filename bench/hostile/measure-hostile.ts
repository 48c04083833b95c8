import { setTimeout as sleep } from 'node:timers/promises'
import { firstSmsIdAt, smsIdTimeMs } from '../../src/domain/sms-id.ts'
import { isBeforeOperator, STATUSES } from '../../src/domain/status.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { textList } from '../../src/postgres/text-list.ts'
import { isTaken } from '../../src/simulator/behaviour.ts'
import { readLedger } from '../../src/simulator/submission-ledger.ts'
import type { BenchGateway } from '../bench-gateway.ts'
import { runLoad } from '../load/run-load.ts'
import { ratioOfRounds, type Spread } from '../measure/compare-rounds.ts'
import { gatewayParts } from '../measure/gateway-parts.ts'
import { type LatencyMs, latencyHistogram, percentilesMs, recordMs } from '../measure/latency.ts'
import { UsageWatch } from '../measure/usage-watch.ts'
import type { Workbench } from '../run/workbench.ts'
import { type AttemptRow, accountForOdd, type Counter, type OddAccount } from './account-for-odd.ts'
import { PHONES, startHostileGateway } from './hostile-gateway.ts'
import type { Peers } from './peers.ts'

export interface HostileOptions {
  readonly ratePerSecond: number
  readonly seconds: number
  readonly rounds: number
  readonly seed: number
}

/** How the healthy operator's messages fared while the other operators were calm or hostile. */
export interface HostilePhase {
  readonly phase: 'alone' | 'beside hostile'
  readonly accepted: number
  /** Of the healthy operator, and those of them that were delivered. */
  readonly messages: number
  readonly delivered: number
  /** From accepting a message to its arrival at the operator, and to its status in PostgreSQL. */
  readonly submittedMs: LatencyMs
  readonly deliveredMs: LatencyMs
  /** CPU time of the process that has API, relay and worker. */
  readonly frontCpuMs: number
}

/** Beside hostile operators to alone, round by round. */
export interface HostileRatios {
  readonly submittedP50: Spread
  readonly submittedP99: Spread
  readonly deliveredP50: Spread
  readonly deliveredP99: Spread
}

export interface HostileResult {
  readonly phases: readonly HostilePhase[]
  readonly ratios: HostileRatios
  /** Submits of the healthy operator's messages that its SMSC took beyond the first of each. */
  readonly takenAgain: number
  readonly deadLettersOfHealthy: number
  /** Of the hostile operators, by reason. */
  readonly deadLetters: Readonly<Record<string, number>>
  readonly odd: OddAccount
}

const WARM_UP_SECONDS = 10
const SETTLE_MS_MAX = 90_000
const LOOK_MS = 250
/** For dead letters on their way to the table, and receipts to their counters. */
const CALM_MS = 3_000

interface Moment {
  readonly phase: HostilePhase['phase']
  readonly firstSmsId: number
  readonly accepted: number
  readonly frontCpuMs: number
}

/**
 * Single posts at a steady rate, a third of them for a healthy operator. In each round the four other operators are
 * calm for one stretch and hostile for another, so that the machine has as many messages to carry in both; every other
 * round begins with the hostile one.
 */
export async function measureHostile(workbench: Workbench, options: HostileOptions): Promise<HostileResult> {
  const { bench, peers, ledger } = await startHostileGateway(workbench, options.seed)
  const run = new HostileRun(workbench, bench, peers, options)
  workbench.progress('warming up')
  await run.phase('alone', WARM_UP_SECONDS)
  await run.phase('beside hostile', WARM_UP_SECONDS / 2)
  const moments: Moment[] = []
  for (let round = 0; round < options.rounds; round++) {
    const order = ['alone', 'beside hostile'] as const
    for (const phase of round % 2 === 0 ? order : order.toReversed()) {
      moments.push(await run.phase(phase, options.seconds))
    }
  }
  await sleep(CALM_MS)
  const submits = await readSubmits(ledger)
  const phases: HostilePhase[] = []
  for (const [index, moment] of moments.entries()) {
    phases.push(await judgePhase(bench.pool, moment, moments[index + 1]?.firstSmsId, submits))
  }
  const attempts = await bench.pool.query<AttemptRow>(
    // What was taken without an id that can be read is stored as sent without one.
    `SELECT sms_id, attempt,
       CASE WHEN outcome = 'sent' AND operator_message_id IS NULL THEN 'unidentified' ELSE outcome END AS outcome
     FROM attempts WHERE operator IN ('odd-smpp', 'odd-http')`,
  )
  return {
    phases,
    ratios: ratiosOf(phases),
    takenAgain: [...submits.values()].reduce((sum, { times }) => sum + times - 1, 0),
    ...(await readDeadLetters(bench.pool)),
    odd: accountForOdd(await peers.report(), attempts.rows, await readCounters(bench)),
  }
}

class HostileRun {
  readonly #workbench: Workbench
  readonly #bench: BenchGateway
  readonly #peers: Peers
  readonly #ratePerSecond: number

  constructor(workbench: Workbench, bench: BenchGateway, peers: Peers, { ratePerSecond }: HostileOptions) {
    this.#workbench = workbench
    this.#bench = bench
    this.#peers = peers
    this.#ratePerSecond = ratePerSecond
  }

  /** Ends when every message of it has come to rest. */
  async phase(phase: HostilePhase['phase'], seconds: number): Promise<Moment> {
    const { gateway, apiKeys } = this.#bench
    await this.#peers.behave(phase === 'beside hostile')
    const firstSmsId = firstSmsIdAt(Date.now())
    const usage = new UsageWatch(() => gatewayParts(gateway))
    usage.start()
    const { acceptedCount: accepted } = await runLoad({
      ...{ api: gateway.servers.api, apiKeys, ratePerSecond: this.#ratePerSecond, seconds },
      ...{ connections: 256, idempotency: null, phones: PHONES },
    })
    const frontCpuMs = usage.stop().front!.cpuMs
    const restless = await this.#untilAtRest(firstSmsId)
    this.#workbench.progress(`${phase}: ${accepted} accepted, ${restless} not at rest, front ${frontCpuMs} ms CPU`)
    return { phase, firstSmsId, accepted, frontCpuMs }
  }

  /** Returns how many messages were not final when the time was up. */
  async #untilAtRest(firstSmsId: number): Promise<number> {
    const deadlineMs = performance.now() + SETTLE_MS_MAX
    while (true) {
      const { rows } = await this.#bench.pool.query<{ count: number }>(
        `SELECT count(*) AS count FROM messages m LEFT JOIN message_states s USING (sms_id)
         WHERE m.sms_id >= $1 AND (s.status IS NULL OR s.status IN ${textList(STATUSES.filter(isBeforeOperator))}
           OR (m.operator = 'healthy' AND s.status = 'sent'))`,
        [firstSmsId],
      )
      const { count } = rows[0]!
      if (count === 0 || performance.now() > deadlineMs || this.#workbench.isStopping) return count
      await sleep(LOOK_MS)
    }
  }
}

interface HealthySubmit {
  readonly arrivedMs: number
  times: number
}

/** The healthy operator's ledger: when each message came first, and how often it was taken. */
async function readSubmits(ledger: string): Promise<Map<number, HealthySubmit>> {
  const submits = new Map<number, HealthySubmit>()
  for await (const entry of readLedger(ledger)) {
    if (entry.kind !== 'submit' || !isTaken(entry.result)) continue
    const smsId = Number(entry.ref!.split('.')[0])
    const known = submits.get(smsId)
    if (known) known.times++
    else submits.set(smsId, { arrivedMs: Date.parse(entry.arrived), times: 1 })
  }
  return submits
}

async function judgePhase(
  pool: Pool,
  { phase, accepted, firstSmsId, frontCpuMs }: Moment,
  endSmsId: number = Number.MAX_SAFE_INTEGER,
  submits: ReadonlyMap<number, HealthySubmit>,
): Promise<HostilePhase> {
  const { rows } = await pool.query<{ sms_id: number; status: string | null; updated_at: Date }>(
    `SELECT m.sms_id, s.status, s.updated_at FROM messages m LEFT JOIN message_states s USING (sms_id)
     WHERE m.operator = 'healthy' AND m.sms_id >= $1 AND m.sms_id < $2`,
    [firstSmsId, endSmsId],
  )
  const [submitted, delivered] = [latencyHistogram(), latencyHistogram()]
  for (const { sms_id: smsId, status, updated_at: updatedAt } of rows) {
    const acceptedMs = smsIdTimeMs(smsId)
    const submit = submits.get(smsId)
    if (submit) recordMs(submitted, submit.arrivedMs - acceptedMs)
    if (status === 'delivered') recordMs(delivered, updatedAt.getTime() - acceptedMs)
  }
  return {
    ...{ phase, accepted, messages: rows.length, delivered: delivered.totalCount },
    ...{ submittedMs: percentilesMs(submitted), deliveredMs: percentilesMs(delivered), frontCpuMs },
  }
}

function ratiosOf(phases: readonly HostilePhase[]): HostileRatios {
  const of = (phase: HostilePhase['phase']) => phases.filter((each) => each.phase === phase)
  const ratio = (pick: (phase: HostilePhase) => number): Spread =>
    ratioOfRounds(of('beside hostile').map(pick), of('alone').map(pick))
  return {
    submittedP50: ratio(({ submittedMs }) => submittedMs.p50),
    submittedP99: ratio(({ submittedMs }) => submittedMs.p99),
    deliveredP50: ratio(({ deliveredMs }) => deliveredMs.p50),
    deliveredP99: ratio(({ deliveredMs }) => deliveredMs.p99),
  }
}

async function readDeadLetters(pool: Pool): Promise<Pick<HostileResult, 'deadLetters' | 'deadLettersOfHealthy'>> {
  const { rows } = await pool.query<{ is_healthy: boolean; reason: string; count: number }>(
    `SELECT coalesce(m.operator, 'healthy') = 'healthy' AS is_healthy, d.reason, count(*) AS count
     FROM dead_letters d LEFT JOIN messages m USING (sms_id) GROUP BY 1, 2`,
  )
  const sum = (isHealthy: boolean): number =>
    rows.filter((row) => row.is_healthy === isHealthy).reduce((total, { count }) => total + count, 0)
  const others = rows.filter(({ is_healthy }) => !is_healthy)
  return {
    deadLettersOfHealthy: sum(true),
    deadLetters: Object.fromEntries(others.map(({ reason, count }) => [reason, count])),
  }
}

/** The counters of all processes of the gateway. */
async function readCounters({ gateway }: BenchGateway): Promise<Counter> {
  const metrics = (await Promise.all([...gateway.processes.values()].map((each) => each.metrics()))).flat() as {
    name: string
    values: { value: number; labels: Record<string, string> }[]
  }[]
  return (name, labels) => {
    const values = metrics.filter((metric) => metric.name === name).flatMap((metric) => metric.values)
    const wanted = Object.entries(labels)
    const fitting = values.filter((value) => wanted.every(([label, text]) => value.labels[label] === text))
    return fitting.reduce((sum, { value }) => sum + value, 0)
  }
}
