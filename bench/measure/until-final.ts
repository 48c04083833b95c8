import type { Pool } from '../../src/postgres/pool.ts'
import { countFinal } from './count-statuses.ts'

const MS_MAX = 120_000
const LOOK_MS = 200

/** How long it took until so many messages, from an id on, have their final status; null when that took too long. */
export async function untilFinal(pool: Pool, messages: number, firstSmsId = 0): Promise<number | null> {
  const startMs = Date.now()
  while ((await countFinal(pool, firstSmsId)) < messages) {
    if (Date.now() - startMs > MS_MAX) return null
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return Date.now() - startMs
}
