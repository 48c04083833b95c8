import { join } from 'node:path'
import type { Progress } from '../../../src/embedded/progress.ts'
import { SeededRandom } from '../../gateway/seeded-random.ts'
import type { Finding } from '../audit/facts.ts'
import { FAULTS } from '../faults/all-faults.ts'
import { BreakableServers } from '../system/breakable-servers.ts'
import { drawPlan, type PlannedFault, type PlanOptions } from './draw-plan.ts'
import { type Dip, measureDip } from './measure-dip.ts'
import { pause } from './pause.ts'
import { ALL_ROLES } from './processes-of-all-roles.ts'
import { Testbed } from './testbed.ts'
import type { ResumedWrites } from './time-writes.ts'

export interface CampaignOptions extends PlanOptions {
  readonly folder: string
  readonly ratePerSecond: number
  readonly notify: (what: string) => void
  readonly signal: AbortSignal
}

/** A fault as it happened. Times in milliseconds since the load began. */
export interface InjectedFault {
  readonly code: string
  readonly name: string
  readonly target: string
  readonly atMs: number
  readonly healedMs: number
  readonly dip: Dip
}

export interface CampaignResult {
  readonly seed: number
  readonly accepted: number
  readonly faults: readonly InjectedFault[]
  readonly resumedWrites: readonly ResumedWrites[]
  /** From the end of the load until nothing was under way; null if that did not come. */
  readonly drainedMs: number | null
  /** Processes that ended by themselves, and how often. */
  readonly crashes: Readonly<Record<string, readonly string[]>>
  readonly findings: readonly Finding[]
}

/** Shares of what the simulated operator does to messages, so that every branch is taken all the time. */
export const OPERATOR = {
  SIMULATOR_LATENCY_MS: '150',
  SIMULATOR_TEMPORARY_SHARE: '0.08',
  SIMULATOR_REJECTED_SHARE: '0.05',
  SIMULATOR_THROTTLED_SHARE: '0.02',
  SIMULATOR_LOST_ANSWER_SHARE: '0.02',
  SIMULATOR_CUT_SHARE: '0.002',
  SIMULATOR_CUT_UNTAKEN_SHARE: '0.001',
  SIMULATOR_GARBLED_SHARE: '0.001',
  SIMULATOR_UNDELIVERED_SHARE: '0.05',
  SIMULATOR_RECEIPT_DELAY_MS: '300',
  SIMULATOR_RECEIPT_EARLY_SHARE: '0.05',
  SIMULATOR_RECEIPT_TWICE_SHARE: '0.05',
  SIMULATOR_RECEIPT_BIND: 'other',
  SIMULATOR_ID_ANSWER: 'hex',
  SIMULATOR_ID_RECEIPT: 'decimal-padded',
}

/** Faults in which no post may be refused for long, as accepting needs PostgreSQL alone. */
export const KAFKA_FAULTS: readonly string[] = ['F5', 'F6', 'F7']

const WARM_UP_MS = 3_000
const PHONES_PER_CUSTOMER = 25
/** Far beyond what it takes: a busy machine is slow, and what is stuck does not move. */
const DRAIN_MS_MAX = 900_000
/** Receipts that a killed worker had stored and not published are published when their minute is searched. */
const STALLED_MS_MAX = 90_000
/** Clients notice a fault for a while after its end. */
const AFTERMATH_MS = 3_000

/** Breaks a gateway under load as planned, heals it, lets it finish, and audits it. Leaves only its folder behind. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { folder, seed, notify, signal, ratePerSecond } = options
  const plan = drawPlan(FAULTS, options)
  const progress: Progress = (server, what, kind) => {
    if (kind !== 'count') notify(`${server}: ${what}`)
  }
  const servers = await BreakableServers.start(folder, { brokers: 3, clickhouse: true, progress })
  const testbed = new Testbed({
    servers,
    folder: join(folder, 'run'),
    database: 'smsgw',
    plan: ALL_ROLES,
    env: { ...OPERATOR, SIMULATOR_SEED: String(seed) },
    ratePerSecond,
    phonesPerCustomer: PHONES_PER_CUSTOMER,
    random: new SeededRandom(seed ^ 0x5eed),
    signal,
    notify,
  })
  try {
    await testbed.start()
    notify(`${ALL_ROLES.length} processes run; ${ratePerSecond} posts a second`)
    await pause(WARM_UP_MS, signal)
    const faults = await breakIt(testbed, plan, options)
    await untilReady(testbed)
    notify('all processes are back; draining')
    const drainedMs = await testbed.drain(DRAIN_MS_MAX, STALLED_MS_MAX)
    signal.throwIfAborted()
    const resumedWrites = await Promise.all(testbed.resumed)
    const crashes = testbed.gateway.processes
      .filter((each) => each.crashes.length > 0)
      .map((each) => [each.name, each.crashes])
    const { accepted } = testbed.load
    notify('stopping and auditing')
    const findings = await testbed.audit()
    return { seed, accepted, faults, resumedWrites, drainedMs, crashes: Object.fromEntries(crashes), findings }
  } finally {
    await testbed.stop()
    await servers.stop()
  }
}

async function breakIt(
  testbed: Testbed,
  plan: readonly PlannedFault[],
  { notify, signal }: CampaignOptions,
): Promise<InjectedFault[]> {
  const startMs = Date.now()
  const times: { planned: PlannedFault; fromMs: number; healedMs: number }[] = []
  for (const [index, planned] of plan.entries()) {
    const { fault, target, holdMs, pauseMs } = planned
    // What is refused then is refused because of this fault, not of one before.
    if (KAFKA_FAULTS.includes(fault.code)) await untilReady(testbed)
    const fromMs = Date.now()
    notify(`${index + 1}/${plan.length} ${fault.code} ${fault.name} ${target}, ${(holdMs / 1_000).toFixed(1)} s`)
    await fault.inject(testbed.system, target)
    await pause(holdMs, signal)
    await fault.heal(testbed.system, target)
    times.push({ planned, fromMs, healedMs: Date.now() })
    await pause(pauseMs, signal)
  }
  await pause(AFTERMATH_MS, signal)
  return times.map(({ planned: { fault, target }, fromMs, healedMs }, index) => {
    const toMs = Math.min(healedMs + AFTERMATH_MS, times[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY)
    return {
      code: fault.code,
      name: fault.name,
      target,
      atMs: fromMs - startMs,
      healedMs: healedMs - startMs,
      dip: measureDip(testbed.load.samples, fromMs, toMs),
    }
  })
}

async function untilReady({ gateway }: Testbed): Promise<void> {
  await Promise.all(gateway.processes.map((each) => each.untilReady()))
}
