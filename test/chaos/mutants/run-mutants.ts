import { join } from 'node:path'
import type { Finding } from '../audit/facts.ts'
import { OPERATOR } from '../campaign/run-campaign.ts'
import { SeededRandom } from '../campaign/seeded-random.ts'
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
  readonly told: (what: string) => void
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
const PROCESSES: readonly ProcessPlan[] = [
  { name: 'status', roles: ['status', 'webhooks', 'audit'] },
  { name: 'relay-1', roles: ['relay'] },
  { name: 'worker-1', roles: ['worker'] },
  { name: 'worker-2', roles: ['worker'] },
  { name: 'api-1', roles: ['api'] },
  { name: 'api-2', roles: ['api'] },
]

/** Runs a short campaign for each deliberate bug, on the same servers, and asks the auditor what is wrong. */
export async function runMutants(options: MutantOptions): Promise<MutantVerdict[]> {
  const { folder, only, told, signal } = options
  const progress = (server: string, what: string): void => told(`${server}: ${what}`)
  const servers = await BreakableServers.start(folder, { brokers: 1, clickhouse: false, progress })
  const verdicts: MutantVerdict[] = []
  try {
    for (const mutant of MUTANTS.filter(({ name }) => only.length === 0 || only.includes(name))) {
      signal.throwIfAborted()
      const startMs = Date.now()
      const findings = await runMutant(mutant, servers, options)
      const verdict = { ...judge(mutant, findings), tookMs: Date.now() - startMs }
      told(`${mutant.name}: ${verdict.caught ? 'caught' : 'NOT CAUGHT'}: ${verdict.found}`)
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
  { folder, seed, told, signal }: MutantOptions,
): Promise<Finding[]> {
  const database = `mutant_${mutant.name.replaceAll('-', '_')}`
  await servers.createDatabase(database)
  const testbed = new Testbed({
    servers,
    folder: join(folder, mutant.name),
    database,
    plan: PROCESSES,
    env: { ...OPERATOR, SIMULATOR_SEED: String(seed), CHAOS_MUTANT: mutant.name },
    preloads: [PRELOAD],
    ratePerSecond: RATE,
    phonesPerCustomer: PHONES_PER_CUSTOMER,
    random: new SeededRandom(seed),
    signal,
    told,
  })
  try {
    await testbed.start()
    await new Promise((resolve) => setTimeout(resolve, LOAD_MS))
    const { fault: planned } = mutant
    const fault = FAULTS.find(({ name }) => name === planned?.name)
    if (fault && planned) {
      await fault.inject(testbed.system, planned.target)
      await new Promise((resolve) => setTimeout(resolve, planned.holdMs))
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
