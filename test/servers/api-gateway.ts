import { expect, onTestFinished, vi } from 'vitest'

import { AcceptQueue, type AcceptQueueOptions } from '../../src/accept/accept-queue.ts'
import type { MessageRouter } from '../../src/accept/route-messages.ts'
import { createCustomer, issueKey, topUp } from '../../src/accounts/accounts.ts'
import { apiSettings } from '../../src/api/config.ts'
import { type DoorLimits, doorLimits } from '../../src/api/limits/door-limits.ts'
import { UNDOCUMENTED } from '../../src/api/plugins/check-answers.ts'
import { createApi } from '../../src/api/server.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { createLog } from '../../src/runtime/log.ts'
import { Metrics } from '../../src/runtime/metrics.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { fixedRouter } from './fixed-operators.ts'
import { freshDatabase } from './fixtures.ts'

/** Accepts into a database, as the API does. */
export function acceptQueue(pool: Pool, options: Partial<AcceptQueueOptions> = {}): AcceptQueue {
  return new AcceptQueue({
    pool,
    ids: new SmsIds(0),
    nowMs: () => Date.now(),
    transactionsMax: 2,
    batchMessagesMax: 500,
    gatherMs: 4,
    waitingMessagesMax: 20_000,
    isOutboxFull: () => false,
    isDiskLow: () => false,

    accepted: () => {},
    messageFailed: () => {},
    ...options,
  })
}

/** Tests post thousands at once, from one address and often for one customer. */
export const NO_LIMITS: DoorLimits = {
  ...doorLimits(readSettings(apiSettings, {})),
  addressRequestsPerSecond: 0,
  customerRequestsPerSecond: 0,
  customerMessagesPerSecond: 0,
  customerKibPerSecond: 0,
  customerMessagesMax: 0,
}

/**
 * The API on a database of its own, with the customer `c`, permitted to send express, a key and a balance; closed when
 * the test ends.
 */
export async function apiGateway(
  balance: number,
  router: Pick<MessageRouter, 'rulesFor'> = fixedRouter(),
  { limits = {}, queue = {} }: { limits?: Partial<DoorLimits>; queue?: Partial<AcceptQueueOptions> } = {},
) {
  const pool = await freshDatabase()
  const log = createLog('test', 'error')
  const errors = vi.spyOn(log, 'error')
  const app = await createApi({
    pool,
    queue: acceptQueue(pool, queue),
    router: router as MessageRouter,
    metrics: new Metrics(),
    log,
    trustProxy: '',
    limits: { ...NO_LIMITS, ...limits },
  })
  onTestFinished(async () => {
    await app.close()
    expect(errors.mock.calls.filter(([, message]) => message === UNDOCUMENTED)).toEqual([])
  })
  await createCustomer(pool, { customerId: 'c', name: 'c', currency: 'IRR', express: true })
  if (balance > 0) await topUp(pool, 'c', balance)
  const { key, keyId } = await issueKey(pool, 'c')
  return { pool, app, key, keyId }
}
