import { join } from 'node:path'
import { createCustomer, issueKey } from '../../src/accounts/accounts.ts'
import { type BenchGateway, startBenchGateway } from '../../test/gateway/bench-gateway.ts'
import type { LatencyMs } from '../../test/gateway/load/latency.ts'
import type { LoadResult } from '../../test/gateway/load/post-open-loop.ts'
import { forkTask } from '../clients/forked-task.ts'
import { runLoad, startLoad } from '../load/run-load.ts'
import type { Workbench } from '../run/workbench.ts'
import type { AttackOptions, AttackResult } from './attack.ts'
import { ATTACKS, type Purse } from './attacks.ts'

export interface StrangersOptions {
  readonly attacks: readonly string[]
  readonly ratePerSecond: number
  readonly seconds: number
  readonly warmUpSeconds: number
}

/** How the paying customer fared. */
export interface Spell {
  /** A name in `ATTACKS`, or `alone`. */
  readonly attack: string
  readonly latencyMs: LatencyMs
  readonly offered: number
  readonly accepted: number
  readonly refused: Readonly<Record<string, number>>
  /** What the attacker saw; null alone. */
  readonly seen: AttackResult | null
}

const ATTACK_PROCESS = join(import.meta.dirname, 'attack-process.ts')
/** Until connections that were cut and work that was begun are gone. */
const CALM_SECONDS = 2

/** A paying customer posts at a steady rate, alone and beside one attack after the other, all from one address. */
export async function measureStrangers(workbench: Workbench, options: StrangersOptions): Promise<Spell[]> {
  const { attacks, ratePerSecond, seconds, warmUpSeconds } = options
  const progress = (part: string, text: string): void => workbench.progress(`${part}: ${text}`)
  const bench = await workbench.keep(
    startBenchGateway({ brokers: 1, customers: 2, webhooks: { customers: 0, url: '' }, progress }),
  )
  const keys = await keysOf(bench)
  const load = {
    api: bench.gateway.servers.api,
    apiKeys: [bench.apiKeys[0]!],
    connections: 10,
    idempotency: null,
    phones: 100_000,
    ratePerSecond,
  }
  workbench.progress(`warming up for ${warmUpSeconds} s`)
  await runLoad({ ...load, seconds: warmUpSeconds })
  const spells: Spell[] = []
  for (const attack of ['alone', ...attacks, 'alone']) {
    await new Promise((resolve) => setTimeout(resolve, CALM_SECONDS * 1_000))
    const paying = startLoad({ ...load, seconds })
    const seen =
      attack === 'alone'
        ? null
        : runAttack(workbench, { api: load.api, attack, key: keys[ATTACKS[attack]!.purse], seconds })
    const spell = toSpell(attack, await paying.result, await seen)
    spells.push(spell)
    const { p50, p99, max } = spell.latencyMs
    workbench.progress(`${attack}: p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, longest ${max.toFixed(0)} ms`)
  }
  return spells
}

async function runAttack(workbench: Workbench, options: AttackOptions): Promise<AttackResult> {
  const task = forkTask<AttackResult>(ATTACK_PROCESS, options)
  await workbench.keep(Promise.resolve({ stop: async () => task.stop() }))
  return task.result
}

async function keysOf({ pool, apiKeys }: BenchGateway): Promise<Record<Purse, string>> {
  await createCustomer(pool, { customerId: 'poor', name: 'poor', currency: 'IRR' })
  return { none: '', poor: (await issueKey(pool, 'poor')).key, rich: apiKeys[1]! }
}

function toSpell(
  attack: string,
  { latencyMs, offered, acceptedCount, refused }: LoadResult,
  seen: AttackResult | null,
): Spell {
  return { attack, latencyMs, offered, accepted: acceptedCount, refused, seen }
}
