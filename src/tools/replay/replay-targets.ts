import { insertEvents } from '../../analytics/insert-events.ts'
import { type ClickHouse, type ClickHouseSettings, createClickHouse } from '../../clickhouse/clickhouse-client.ts'
import { placeTask } from '../../events/delivery-partition.ts'
import { EventFormError, eventCodec } from '../../events/event-codec.ts'
import { StatusEvent } from '../../events/status.ts'
import { TOPICS } from '../../events/topics.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { Producer } from '../../kafka/producer/producer.ts'
import type { ConsumedRecord } from '../../kafka/wire/record-batch-decode.ts'
import type { Pool } from '../../postgres/pool.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { createLog } from '../../runtime/log.ts'
import type { Values } from '../../runtime/settings.ts'
import { applyEvents } from '../../status/apply-events.ts'
import type { webhookSettings } from '../../webhooks/config.ts'
import { createDelivery } from '../../webhooks/create-delivery.ts'
import type { EventDelivery } from '../../webhooks/deliver-events.ts'

/** The consumers that records can be replayed to. */
export interface ReplayTarget {
  /** Topics that it can be given. */
  readonly topics: readonly string[]
  /** Resolves when the records have had their effect. Returns how many were of a form that it takes. */
  take(records: readonly ConsumedRecord[]): Promise<number>
  close(): Promise<void>
}

/** ClickHouse, which counts an event once however often it comes. */
export function intoClickHouse(settings: ClickHouseSettings): ReplayTarget {
  const client: ClickHouse = createClickHouse(settings)
  return {
    topics: [TOPICS.accepted, TOPICS.status],
    take: (records) => insertEvents(client, records),
    close: () => client.close(),
  }
}

/** PostgreSQL's states and ledger, in which an event that was applied before has no effect. */
export function intoStatus(pool: Pool): ReplayTarget {
  const codec = eventCodec(StatusEvent)
  return {
    topics: [TOPICS.status],
    async take(records) {
      const events = records.map((record) => decodeOrNull(codec, record)).filter((event) => event !== null)
      const unknown = events.length > 0 ? await applyEvents(pool, events) : new Set<number>()
      return events.filter(({ sms_id }) => !unknown.has(sms_id)).length
    },
    close: async () => {},
  }
}

/** Customers' endpoints, to which events are posted again under the webhook ids of the first time. */
export function intoWebhooks(pool: Pool, settings: Values<typeof webhookSettings>): ReplayTarget {
  const log = createLog('replay', 'error', process.stderr)
  const delivery = createDelivery({ settings, pool, log, counted: () => {}, exhausted: () => {} })
  return {
    topics: [TOPICS.status],
    async take(records) {
      const messages = [...Map.groupBy(records, (record) => record.key?.toString()).values()]
      let taken = 0
      while (messages.length > 0) {
        const some = messages.splice(0, settings.WEBHOOK_REQUESTS_PER_ENDPOINT_MAX)
        const counts = await Promise.all(some.map((events) => postInOrder(delivery.events, events)))
        taken += counts.reduce((sum, count) => sum + count, 0)
      }
      return taken
    },
    close: () => delivery.stop(),
  }
}

/** What an endpoint does not take now is stored for retries, as at the first time. */
async function postInOrder(events: EventDelivery, records: readonly ConsumedRecord[]): Promise<number> {
  let taken = 0
  for (const record of records) {
    const outcome = await events.handle(record)
    if (outcome.kind === 'pause') throw new ExpectedError('PostgreSQL does not answer; start the replay again.')
    if (outcome.kind === 'done') taken++
  }
  return taken
}

/**
 * Delivery workers: the tasks are published again under their ids. A message with an attempt is not sent again, its
 * status is published again; one without any attempt is sent.
 */
export async function intoDelivery(cluster: Cluster, expressPartitions: number): Promise<ReplayTarget> {
  const producer = new Producer(cluster)
  await producer.start([TOPICS.delivery])
  return {
    topics: [TOPICS.delivery],
    async take(records) {
      const layout = { partitions: producer.partitionsOf(TOPICS.delivery), expressPartitions }
      // The placeholder of records that cannot be read is not published.
      const tasks = records.filter(({ fault }) => fault === null)
      await Promise.all(tasks.map((record) => producer.send(placeTask(repeat(record), layout))))
      return tasks.length
    },
    close: () => producer.close(),
  }
}

function repeat(record: ConsumedRecord) {
  return { topic: record.topic, key: record.key, value: record.value, headers: [...record.headers] }
}

function decodeOrNull(
  codec: { decode(bytes: Buffer | null): StatusEvent },
  record: ConsumedRecord,
): StatusEvent | null {
  try {
    return codec.decode(record.value)
  } catch (error) {
    if (error instanceof EventFormError) return null
    throw error
  }
}
