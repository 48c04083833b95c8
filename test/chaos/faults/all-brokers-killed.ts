import type { BrokenSystem, Fault } from './fault.ts'

/** F7: all at once. What was acknowledged is in three page caches, which outlive their processes. */
export const allBrokersKilled: Fault = {
  code: 'F7',
  name: 'all-brokers-killed',
  promises: 'nothing is lost; the API accepts throughout',
  targets: ['all'],
  holdMs: { quick: [500, 1_000], full: [500, 15_000] },
  async inject({ servers }: BrokenSystem): Promise<void> {
    await Promise.all(servers.kafka.nodeIds.map((nodeId) => servers.killBroker(nodeId, 'SIGKILL')))
  },
  async heal({ servers }: BrokenSystem): Promise<void> {
    await servers.reviveBrokers()
  },
}
