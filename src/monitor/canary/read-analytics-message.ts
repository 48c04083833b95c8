import { type ClickHouse, readRows } from '../../clickhouse/clickhouse-client.ts'

/** A message as ClickHouse has it. */
export interface AnalyticsMessage {
  readonly sms_id: number
  readonly customer_id: string
  readonly operator: string
  readonly segments: number
  readonly cost: number
  readonly accepted_at: string
  /** Statuses in the order in which the message came to them. */
  readonly statuses: readonly string[]
  readonly delivered_after_ms: number | null
}

/** Undefined while ClickHouse has not read it yet. */
export async function readAnalyticsMessage(client: ClickHouse, smsId: number): Promise<AnalyticsMessage | undefined> {
  const [row] = await readRows<AnalyticsMessage>(
    client,
    `SELECT toFloat64(a.sms_id) AS sms_id, a.customer_id AS customer_id, a.operator AS operator, a.segments AS segments,
       toFloat64(a.cost) AS cost, toString(a.occurred_at) AS accepted_at,
       (SELECT groupArray(status) FROM (SELECT status, occurred_at, attempt FROM statuses FINAL
         WHERE sms_id = {sms_id:UInt64} ORDER BY occurred_at, kafka_offset)) AS statuses,
       (SELECT toFloat64(min(latency_ms)) FROM statuses WHERE sms_id = {sms_id:UInt64} AND status = 'delivered'
         HAVING count() > 0) AS delivered_after_ms
     FROM accepted AS a FINAL WHERE a.sms_id = {sms_id:UInt64}`,
    { sms_id: smsId },
  )
  return row
}
