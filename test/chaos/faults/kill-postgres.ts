import type { BrokenSystem, Fault } from './fault.ts'

/** F8: the server is killed (SIGKILL), or restarted in good order (SIGINT, its "fast shutdown"). */
export const killPostgres: Fault = {
  code: 'F8',
  name: 'kill-postgres',
  promises: 'what was accepted is still there; the API answers 503 and recovers by itself',
  targets: ['SIGKILL', 'SIGINT'],
  holdMs: { quick: [500, 1_500], full: [500, 10_000] },
  async inject({ servers }: BrokenSystem, target: string): Promise<void> {
    await servers.killPostgres(target as 'SIGKILL' | 'SIGINT')
  },
  async heal({ servers }: BrokenSystem): Promise<void> {
    await servers.revivePostgres()
  },
}
