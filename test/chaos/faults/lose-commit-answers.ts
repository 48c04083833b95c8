import { OPEN } from '../system/tcp-proxy.ts'
import type { BrokenSystem, Fault } from './fault.ts'

/** F9: the commit reaches PostgreSQL, its answer does not reach the API, which cannot know whether it happened. */
export const loseCommitAnswers: Fault = {
  code: 'F9',
  name: 'lose-commit-answers',
  promises: 'the answer is to try again; the same key is the same message, charged once',
  targets: ['api-1', 'api-2', 'status', 'worker-1'],
  holdMs: { quick: [2_000, 3_000], full: [2_000, 8_000] },
  async inject({ gateway }: BrokenSystem, target: string): Promise<void> {
    gateway.ways(target).postgres.set({ kind: 'cut-commits' })
  },
  async heal({ gateway }: BrokenSystem, target: string): Promise<void> {
    gateway.ways(target).postgres.set(OPEN)
  },
}
