import { OPEN } from '../system/tcp-proxy.ts'
import type { BrokenSystem, Fault } from './fault.ts'

const DELAY_MS = 400

/** F9: commits of one API come late, so that rows become visible in another order than that of their numbers. */
export const delayCommits: Fault = {
  code: 'F9',
  name: 'delay-commits',
  promises: 'rows of the outbox that become visible late are published all the same',
  targets: ['api-1', 'api-2'],
  holdMs: { quick: [2_000, 3_000], full: [2_000, 8_000] },
  async inject({ gateway }: BrokenSystem, target: string): Promise<void> {
    gateway.ways(target).postgres.set({ kind: 'delay-commits', delayMs: DELAY_MS })
  },
  async heal({ gateway }: BrokenSystem, target: string): Promise<void> {
    gateway.ways(target).postgres.set(OPEN)
  },
}
