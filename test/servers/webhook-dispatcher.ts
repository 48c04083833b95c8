import { onTestFinished } from 'vitest'
import { createCustomer } from '../../src/accounts/accounts.ts'
import { eventId } from '../../src/domain/event-id.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import type { StatusEvent } from '../../src/events/status.ts'
import type { ConsumedRecord } from '../../src/kafka/wire/record-batch-decode.ts'
import type { Pool } from '../../src/postgres/pool.ts'
import { createLog } from '../../src/runtime/log.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { webhookSettings } from '../../src/webhooks/config.ts'
import { createDelivery, type DeliverySettings } from '../../src/webhooks/create-delivery.ts'
import { createEndpoint, type Endpoint } from '../../src/webhooks/endpoints.ts'
import { addRetries, countRetries } from '../../src/webhooks/store-retries.ts'
import { eventually } from '../gateway/eventually.ts'
import { startRawReceiver, startReceiver } from '../gateway/peers/hostile-receivers.ts'
import { consumedRecord } from './consumed-record.ts'
import { freshDatabase } from './fixtures.ts'

const ids = new SmsIds(9)

/** A status event of a new message, as the consumer reads it. */
export function record(changes: Partial<StatusEvent> = {}): ConsumedRecord {
  const smsId = ids.next(Date.now())
  const event: StatusEvent = {
    event_id: eventId(smsId, 'delivered', 1),
    sms_id: smsId,
    customer_id: 'c',
    status: 'delivered',
    operator_message_id: 'x',
    error_code: null,
    error_message: null,
    delivered_at: new Date().toISOString(),
    latency_ms: 1,
    occurred_at: new Date().toISOString(),
    operator: 'o',
    attempt: 1,
    segments: 1,
    possible_duplicate: false,
    ...changes,
  }
  return consumedRecord({ topic: 'sms.status', offset: smsId, value: JSON.stringify(event) })
}

export function records(count: number, changes: Partial<StatusEvent> = {}): ConsumedRecord[] {
  return Array.from({ length: count }, () => record(changes))
}

/** What posts events to the endpoints of this database, with its outcomes counted; stopped when the test ends. */
export function dispatcher(pool: Pool, changes: Partial<DeliverySettings> = {}) {
  const settings = {
    ...readSettings(webhookSettings, {}),
    WEBHOOK_ALLOW_PRIVATE: 'yes' as const,
    WEBHOOK_TIMEOUT_MS: 1_500,
    ...changes,
  }
  const outcomes: Record<string, number> = {}
  const counted = (outcome: string): void => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  const log = createLog('test', 'silent' as 'error')
  const delivery = createDelivery({ settings, pool, log, counted, exhausted: () => counted('exhausted') })
  onTestFinished(() => delivery.stop())
  return { ...delivery, outcomes }
}

/** A database with a customer that has an endpoint at this address. */
export async function customerWith(
  url: string,
): Promise<{ pool: Pool; endpoint: Endpoint; secret: string; id: string }> {
  const pool = await freshDatabase()
  const endpoint = await addCustomer(pool, 'c', url)
  return { pool, endpoint, secret: endpoint.secret, id: endpoint.endpoint_id }
}

/** A customer with an endpoint at this address. */
export async function addCustomer(pool: Pool, customerId: string, url: string): Promise<Endpoint> {
  await createCustomer(pool, { customerId, name: customerId, currency: 'IRR' })
  return createEndpoint(pool, { customerId, url, allowPrivate: true })
}

/** An HTTP server that keeps what it receives; stopped when the test ends, as is the next. */
export async function receiver(...answer: Parameters<typeof startReceiver>) {
  const started = await startReceiver(...answer)
  onTestFinished(started.stop)
  return started
}

/** A TCP server that answers each request as it likes. */
export async function rawReceiver(...answer: Parameters<typeof startRawReceiver>) {
  const started = await startRawReceiver(...answer)
  onTestFinished(started.stop)
  return started
}

export async function retryRows(pool: Pool): Promise<{ attempts: number; last_error: string; exhausted: boolean }[]> {
  const { rows } = await pool.query(
    'SELECT attempts, last_error, exhausted_at IS NOT NULL AS exhausted FROM webhook_retries ORDER BY event_id',
  )
  return rows
}

export const untilEmpty = (pool: Pool) =>
  eventually(
    'no retry waits',
    () => countRetries(pool),
    (count) => count === 0,
  )

/** Stores events as if they had failed once, due now. */
export function storeEvents(pool: Pool, endpointId: string, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({
    ...{ endpointId, eventId: `event-${index}`, body: '{}', attempts: 1, waitMs: 0, lastError: 'status 500' },
  }))
  return addRetries(pool, events)
}
