import { insist } from '../campaign/insist.ts'
import type { BrokenSystem, Fault } from './fault.ts'

const STORM_MS = 3_000
const EVERY_MS = 100
const TERMINATE = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'smsgw-%'`

/** F8: every connection is ended, again and again, whatever it is in the middle of. */
export const terminateBackends: Fault = {
  code: 'F8',
  name: 'terminate-backends',
  promises: 'transactions are whole or not at all; pools recover; relays lose their shards and take them again',
  targets: ['storm'],
  holdMs: { quick: [0, 0], full: [0, 0] },
  async inject({ database }: BrokenSystem): Promise<void> {
    await database(async (pool) => {
      for (const untilMs = Date.now() + STORM_MS; Date.now() < untilMs; ) {
        await insist(() => pool.query(TERMINATE))
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
      }
    })
  },
  async heal(): Promise<void> {},
}
