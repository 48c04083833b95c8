import { onTestFinished } from 'vitest'
import { AcceptQueue } from '../../src/api/accept/accept-queue.ts'
import { createApi } from '../../src/api/server.ts'
import { createCustomer, issueKey, topUp } from '../../src/ops/accounts/accounts.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { fixedRouter } from './fixed-operators.ts'
import { freshDatabase } from './fixtures.ts'

/** Accepts into a database, as the API does. */
export function acceptQueue(pool: Pool): AcceptQueue {
  return new AcceptQueue({
    pool,
    transactionsMax: 2,
    batchMessagesMax: 500,
    gatherMs: 4,
    waitingMessagesMax: 20_000,
    isOutboxFull: () => false,
    isDiskLow: () => false,
    accepted: () => {},
  })
}

/** The API on a database of its own, with the customer `c`, a key and a balance; closed when the test ends. */
export async function apiGateway(balance: number, router = fixedRouter()) {
  const pool = await freshDatabase()
  const app = await createApi({
    pool,
    queue: acceptQueue(pool),
    router,
    health: new Health(),
    metrics: new Metrics(),
    log: createLog('test', 'error'),
    trustProxy: '',
  })
  onTestFinished(() => app.close())
  await createCustomer(pool, { customerId: 'c', name: 'c', currency: 'IRR' })
  if (balance > 0) await topUp(pool, 'c', balance)
  const { key, keyId } = await issueKey(pool, 'c')
  return { pool, app, key, keyId }
}
