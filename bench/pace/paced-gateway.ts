import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { LedgerEntry, SubmissionEntry } from '../../src/simulator/submission-ledger.ts'
import { fillCustomers } from '../../test/gateway/fill/fill-customers.ts'
import { fillWaiting } from '../fill/fill-messages.ts'
import { type Backbone, startBackbone, startRole, startSimulator } from '../run/start-roles.ts'
import type { Workbench } from '../run/workbench.ts'

const CUSTOMERS = 400
const LOOK_MS = 100
const PUBLISHED_MS_MAX = 120_000
const ARRIVED_MS_MAX = 60_000

export interface PacedOptions {
  readonly perSecond: number
  /** That wait in sms.delivery when the first worker starts. */
  readonly messages: number
  /** Settings of the SMSC. */
  readonly smsc: NodeJS.ProcessEnv
}

function operatorsFile(perSecond: number): string {
  return `operators:
  simulator:
    connector: smpp
    smpp: {address: embedded, system_id: bench, reference_tlv: 0x1501}
    window: 1000
    response_timeout_ms: 10000
    on_ambiguous: resend
    per_second: ${perSecond}
routes:
  - {prefix: "", operator: simulator, price: 100}
`
}

/**
 * A gateway with an SMSC whose pace is agreed, messages of many customers that wait for it, and no worker yet. Workers
 * come and go by name, each a process of its own.
 */
export class PacedGateway {
  readonly #workbench: Workbench
  readonly #backbone: Backbone
  readonly #ledger: string

  private constructor(workbench: Workbench, backbone: Backbone, ledger: string) {
    this.#workbench = workbench
    this.#backbone = backbone
    this.#ledger = ledger
  }

  /** Resolves when all messages wait in sms.delivery. */
  static async start(workbench: Workbench, { perSecond, messages, smsc }: PacedOptions): Promise<PacedGateway> {
    const backbone = await startBackbone(workbench)
    const { env, pool } = backbone
    const ledger = join(workbench.folder, 'ledger.ndjson')
    env.OPERATORS_FILE = join(workbench.folder, 'operators.yaml')
    writeFileSync(env.OPERATORS_FILE, operatorsFile(perSecond))
    Object.assign(env, { SIMULATOR_LATENCY_MS: '5', SIMULATOR_LEDGER: ledger, ...smsc })
    await startSimulator(workbench, backbone)
    await fillCustomers(pool, 0, CUSTOMERS)
    await fillWaiting(pool, { acceptedAtMs: Date.now() - 1_000, count: messages, customers: CUSTOMERS, progress() {} })
    await startRole(workbench, backbone, 'relay')
    await startRole(workbench, backbone, 'status')
    const waiting = async (): Promise<number> =>
      (await pool.query<{ count: number }>('SELECT count(*) AS count FROM outbox')).rows[0]!.count
    await until(async () => (await waiting()) === 0, PUBLISHED_MS_MAX, 'the relay did not publish all that waited')
    workbench.progress(`${messages} messages wait for an operator of ${perSecond} a second`)
    return new PacedGateway(workbench, backbone, ledger)
  }

  /** Resolves when it works. */
  async join(worker: string): Promise<void> {
    await startRole(this.#workbench, this.#backbone, 'worker', worker)
  }

  /** Ends a worker by a signal to its own process. Resolves when it has ended. */
  async leave(worker: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const ending = this.#backbone.processes.get(worker)!
    process.kill(ending.pid!, signal)
    // In the same turn of the event loop, so that it is not taken for a crash and started again.
    await ending.stop()
  }

  /** What the SMSC was sent so far. */
  submits(): SubmissionEntry[] {
    if (!existsSync(this.#ledger)) return []
    const lines = readFileSync(this.#ledger, 'utf8').split('\n').slice(0, -1)
    return lines
      .map((line) => JSON.parse(line) as LedgerEntry)
      .filter((entry): entry is SubmissionEntry => entry.kind === 'submit')
  }

  /** When the first submit arrived; waits for it. */
  async firstArrivalMs(): Promise<number> {
    await until(async () => this.submits().length > 0, ARRIVED_MS_MAX, 'nothing arrived at the SMSC')
    return arrivedMs(this.submits()[0]!)
  }

  /** How many slots the workers that are there had of each kind: used, missed, wasted. */
  async slots(): Promise<Record<string, number>> {
    const slots: Record<string, number> = { used: 0, missed: 0, wasted: 0 }
    for (const [name, process] of this.#backbone.processes) {
      if (!name.startsWith('worker')) continue
      for (const { name: metric, values } of (await process.metrics()) as Metric[]) {
        if (metric !== 'smsgw_pace_slots_total') continue
        for (const { labels, value } of values) slots[labels.what!] = (slots[labels.what!] ?? 0) + value
      }
    }
    return slots
  }
}

interface Metric {
  readonly name: string
  readonly values: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]
}

export function arrivedMs({ arrived }: SubmissionEntry): number {
  return Date.parse(arrived)
}

async function until(holds: () => Promise<boolean>, msMax: number, otherwise: string): Promise<void> {
  const deadlineMs = Date.now() + msMax
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(otherwise)
    await setTimeout(LOOK_MS)
  }
}
