import type { BrokenSystem, Fault } from './fault.ts'

/** F5: the broker that elects leaders. While its successor is elected, no partition gets a new leader. */
export const killController: Fault = {
  code: 'F5',
  name: 'kill-controller',
  promises: 'writes to Kafka resume within 15 s; the API accepts throughout',
  targets: ['SIGTERM', 'SIGKILL'],
  holdMs: { quick: [3_000, 4_000], full: [4_000, 20_000] },
  async inject({ servers, timeWrites }: BrokenSystem, target: string): Promise<void> {
    const controller = await servers.controller()
    await timeWrites(controller, () => servers.killBroker(controller, target as 'SIGTERM' | 'SIGKILL'))
  },
  async heal({ servers }: BrokenSystem): Promise<void> {
    await servers.reviveBrokers()
  },
}
