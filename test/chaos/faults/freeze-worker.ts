import type { BrokenSystem, Fault } from './fault.ts'

/** F14: a zombie. It is frozen for longer than its session, wakes, and believes that nothing has happened. */
export const freezeWorker: Fault = {
  code: 'F14',
  name: 'freeze-worker',
  promises: 'what others took over meanwhile is not sent by it',
  targets: ['worker-1', 'worker-2'],
  holdMs: { quick: [12_000, 13_000], full: [30_000, 30_000] },
  async inject({ gateway }: BrokenSystem, target: string): Promise<void> {
    gateway.process(target).signal('SIGSTOP')
  },
  async heal({ gateway }: BrokenSystem, target: string): Promise<void> {
    gateway.process(target).signal('SIGCONT')
  },
}
