import { join } from 'node:path'
import { SeededRandom } from '../../gateway/seeded-random.ts'
import type { Finding } from '../audit/facts.ts'
import { pause } from '../campaign/pause.ts'
import { OPERATOR } from '../campaign/run-campaign.ts'
import { Testbed } from '../campaign/testbed.ts'
import { FAULTS } from '../faults/all-faults.ts'
import { BreakableServers } from '../system/breakable-servers.ts'
import type { ProcessPlan } from '../system/gateway-processes.ts'
import { clearKafka } from './clear-kafka.ts'
import { MUTANTS, type Mutant } from './mutants.ts'

export interface MutantOptions {
  readonly folder: string
  readonly seed: number
  readonly only: readonly string[]
  readonly notify: (what: string) => void
  readonly signal: AbortSignal
}

/** Whether the auditor named a mutant, and with which words. */
export interface MutantVerdict {
  readonly mutant: string
  readonly caught: boolean
  readonly expected: readonly string[]
  /** The first violation that names it, or what was found instead. */
  readonly found: string
  readonly tookMs: number
}

const PRELOAD = join(import.meta.dirname, 'replace-snippet.ts')
const RATE = 80
/** Few, so that several messages to one phone are under way at once. */
const PHONES_PER_CUSTOMER = 6
const LOAD_MS = 4_000
const DRAIN_MS_MAX = 40_000
const STALLED_MS_MAX = 12_000

/** As few processes as show the bug: what is not broken shares one. */
function processesFor({ fault }: Mutant): ProcessPlan[] {
  const names = ['worker-1', 'api-1']
  if (fault?.name === 'freeze-worker') names.push('worker-2')
  if (fault?.name === 'delay-commits') names.push('api-2')
  const shared = { name: 'shared', roles: ['relay', 'status', 'webhooks', 'audit'] }
  return [shared, ...names.map((name) => ({ name, roles: [name.split('-')[0]!] }))]
}

/** Runs a short campaign for each deliberate bug, on the same servers, and asks the auditor what is wrong. */
export async function runMutants(options: MutantOptions): Promise<MutantVerdict[]> {
  const { folder, only, notify, signal } = options
  const progress = (server: string, what: string): void => notify(`${server}: ${what}`)
  const servers = await BreakableServers.start(folder, { brokers: 1, clickhouse: false, progress })
  const verdicts: MutantVerdict[] = []
  try {
    for (const mutant of MUTANTS.filter(({ name }) => only.length === 0 || only.includes(name))) {
      signal.throwIfAborted()
      const startMs = Date.now()
      const findings = await runMutant(mutant, servers, options)
      const verdict = { ...judge(mutant, findings), tookMs: Date.now() - startMs }
      notify(`${mutant.name}: ${verdict.caught ? 'caught' : 'NOT CAUGHT'}: ${verdict.found}`)
      verdicts.push(verdict)
    }
    return verdicts
  } finally {
    await servers.stop()
  }
}

async function runMutant(
  mutant: Mutant,
  servers: BreakableServers,
  { folder, seed, notify, signal }: MutantOptions,
): Promise<Finding[]> {
  const database = `mutant_${mutant.name.replaceAll('-', '_')}`
  await servers.createDatabase(database)
  const testbed = new Testbed({
    servers,
    folder: join(folder, mutant.name),
    database,
    plan: processesFor(mutant),
    env: { ...OPERATOR, SIMULATOR_SEED: String(seed), CHAOS_MUTANT: mutant.name },
    preloads: [PRELOAD],
    ratePerSecond: RATE,
    phonesPerCustomer: PHONES_PER_CUSTOMER,
    random: new SeededRandom(seed),
    signal,
    notify,
  })
  try {
    await testbed.start()
    await pause(LOAD_MS, signal)
    const { fault: planned } = mutant
    const fault = FAULTS.find(({ name }) => name === planned?.name)
    if (fault && planned) {
      await fault.inject(testbed.system, planned.target)
      await pause(planned.holdMs, signal)
      await fault.heal(testbed.system, planned.target)
    }
    await testbed.drain(DRAIN_MS_MAX, STALLED_MS_MAX)
    signal.throwIfAborted()
    return await testbed.audit()
  } finally {
    await testbed.stop()
    await clearKafka(servers.cluster)
  }
}

/** Caught means: a check that is about this kind of bug says so in words that fit it. */
function judge({ name, checks, says }: Mutant, findings: readonly Finding[]): Omit<MutantVerdict, 'tookMs'> {
  const named = findings
    .filter(({ check }) => checks.includes(check))
    .flatMap(({ check, violations }) => violations.map((violation) => `${check}: ${violation}`))
    .find((violation) => says.test(violation))
  const others = findings.filter(({ violations }) => violations.length > 0).map(({ check }) => check)
  const found = named ?? (others.length === 0 ? 'nothing' : `violations of ${others.join(', ')} only`)
  return { mutant: name, caught: named !== undefined, expected: checks, found }
}
