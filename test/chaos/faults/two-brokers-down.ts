import type { BrokenSystem, Fault } from './fault.ts'

/** F6: fewer replicas than may acknowledge. Nothing can be written to Kafka; the outbox holds what is accepted. */
export const twoBrokersDown: Fault = {
  code: 'F6',
  name: 'two-brokers-down',
  promises: 'the API accepts throughout, and what it accepted drains afterwards',
  targets: ['1', '2', '3'],
  holdMs: { quick: [6_000, 7_000], full: [60_000, 60_000] },
  async inject({ servers }: BrokenSystem, target: string): Promise<void> {
    const others = servers.kafka.nodeIds.filter((nodeId) => nodeId !== Number(target))
    await Promise.all(others.map((nodeId) => servers.killBroker(nodeId, 'SIGKILL')))
  },
  async heal({ servers }: BrokenSystem): Promise<void> {
    await servers.reviveBrokers()
  },
}
