import type { BrokenSystem, Fault } from './fault.ts'
import { killsProcess } from './kills-process.ts'

const ENGINE = 'clickhouse'

/** F4: a reader of the topics; `clickhouse` is the engine itself, `analytics` the role that manages it. */
export const killReader: Fault = {
  code: 'F4',
  name: 'kill-reader',
  promises: 'it reads on where it was: final statuses, webhooks, ClickHouse and the audit log are complete',
  targets: ['status', 'webhooks', 'audit', 'analytics', ENGINE],
  holdMs: { quick: [500, 1_500], full: [500, 10_000] },
  async inject(system: BrokenSystem, target: string): Promise<void> {
    if (target === ENGINE) await system.servers.killClickHouse()
    else await killsProcess.inject(system, target)
  },
  async heal(system: BrokenSystem, target: string): Promise<void> {
    if (target === ENGINE) await system.servers.reviveClickHouse()
    else await killsProcess.heal(system, target)
  },
}
