import type { Pool } from '../../src/postgres/pool.ts'
import { countFinal } from './count-statuses.ts'

const MS_MAX = 120_000
const LOOK_MS = 200

/** As `untilFinal`, where nothing can be measured unless it comes to an end. */
export async function expectFinal(pool: Pool, messages: number, firstSmsId = 0): Promise<void> {
  if ((await untilFinal(pool, messages, firstSmsId)) !== null) return
  throw new Error(`${messages} messages were not final within ${MS_MAX} ms; ${await countFinal(pool, firstSmsId)} were`)
}

/** How long it took until so many messages, from an id on, have their final status; null when that took too long. */
export async function untilFinal(pool: Pool, messages: number, firstSmsId = 0): Promise<number | null> {
  const startMs = Date.now()
  while ((await countFinal(pool, firstSmsId)) < messages) {
    if (Date.now() - startMs > MS_MAX) return null
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return Date.now() - startMs
}
