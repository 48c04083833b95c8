import { onTestFinished } from 'vitest'
import { AcceptQueue, type AcceptQueueOptions } from '../../src/api/accept/accept-queue.ts'
import type { MessageRouter } from '../../src/api/route-messages.ts'
import { createApi } from '../../src/api/server.ts'
import { createCustomer, issueKey, topUp } from '../../src/ops/accounts/accounts.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { Health } from '../../src/runtime/health.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { fixedRouter } from './fixed-operators.ts'
import { freshDatabase } from './fixtures.ts'

/** Accepts into a database, as the API does. */
export function acceptQueue(pool: Pool, options: Partial<AcceptQueueOptions> = {}): AcceptQueue {
  return new AcceptQueue({
    pool,
    transactionsMax: 2,
    batchMessagesMax: 500,
    gatherMs: 4,
    waitingMessagesMax: 20_000,
    isOutboxFull: () => false,
    accepted: () => {},
    messageFailed: () => {},
    ...options,
  })
}

/** The API on a database of its own, with the customer `c`, a key and a balance; closed when the test ends. */
export async function apiGateway(
  balance: number,
  router: Pick<MessageRouter, 'rulesFor'> = fixedRouter(),
  options: Partial<AcceptQueueOptions> = {},
) {
  const pool = await freshDatabase()
  const app = await createApi({
    pool,
    queue: acceptQueue(pool, options),
    router: router as MessageRouter,
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
