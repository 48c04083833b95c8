import type { BrokenSystem, Fault } from './fault.ts'

/** Times that `bounce` chases the leader, as Kafka's own system tests do five times. */
const BOUNCES = 2

/** F5: the broker that leads what is being written. Kafka's own matrix: clean, hard, and bounced. */
export const killLeader: Fault = {
  code: 'F5',
  name: 'kill-leader',
  promises: 'writes to Kafka resume within 15 s; the API accepts throughout',
  targets: ['SIGTERM', 'SIGKILL', 'bounce'],
  holdMs: { quick: [4_000, 5_000], full: [4_000, 20_000] },
  async inject(system: BrokenSystem, target: string): Promise<void> {
    const { servers } = system
    const signal = target === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL'
    for (let kills = 1; ; kills++) {
      const leader = await system.busyLeader()
      await system.timeWrites(leader, () => servers.killBroker(leader, signal))
      if (target !== 'bounce' || kills === BOUNCES) return
      await servers.reviveBrokers()
    }
  },
  async heal({ servers }: BrokenSystem): Promise<void> {
    await servers.reviveBrokers()
  },
}
