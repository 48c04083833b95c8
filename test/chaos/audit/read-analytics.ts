import { type ClickHouse, readRows } from '../../../src/clickhouse/clickhouse-client.ts'
import { FINAL_STATUSES } from '../../../src/domain/status.ts'
import { textList } from '../../../src/postgres/text-list.ts'
import type { AnalyticsFacts } from './facts.ts'

const FINAL = textList(FINAL_STATUSES)

/** What ClickHouse has. */
export async function readAnalytics(client: ClickHouse): Promise<AnalyticsFacts> {
  const accepted = await readRows<{ sms_id: number }>(
    client,
    'SELECT DISTINCT toFloat64(sms_id) AS sms_id FROM accepted',
  )
  const finals = await readRows<{ sms_id: number; final: string }>(
    client,
    `SELECT toFloat64(sms_id) AS sms_id, argMax(status, (occurred_at, attempt)) AS final FROM statuses FINAL
     WHERE status IN ${FINAL} GROUP BY sms_id`,
  )
  const malformed = await readRows<{ topic: string; kafka_partition: number; kafka_offset: string }>(
    client,
    'SELECT topic, kafka_partition, toString(kafka_offset) AS kafka_offset FROM malformed',
  )
  return {
    accepted: accepted.map(({ sms_id }) => sms_id),
    finals: new Map(finals.map(({ sms_id, final }) => [sms_id, final])),
    malformed: new Set(
      malformed.map(({ topic, kafka_partition, kafka_offset }) => `${topic}[${kafka_partition}]@${kafka_offset}`),
    ),
  }
}

/** How many messages ClickHouse has, and of how many a final status. */
export async function countAnalytics(client: ClickHouse): Promise<{ accepted: number; finals: number }> {
  const rows = await readRows<{ accepted: number; finals: number }>(
    client,
    `SELECT (SELECT toFloat64(uniqExact(sms_id)) FROM accepted) AS accepted,
       (SELECT toFloat64(uniqExact(sms_id)) FROM statuses WHERE status IN ${FINAL}) AS finals`,
  )
  return rows[0]!
}
