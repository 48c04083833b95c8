import { type ClickHouse, readRows } from '../../src/clickhouse/clickhouse-client.ts'

export interface IngestDelayMs {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** From accepting to what ClickHouse itself says is the time it took a message in, for all accepted since an id. */
export async function ingestDelay(client: ClickHouse, firstSmsId: number): Promise<IngestDelayMs> {
  const rows = await readRows<{ quantiles: number[]; max: number }>(
    client,
    `SELECT quantiles(0.5, 0.95, 0.99)(delay_ms) AS quantiles, max(delay_ms) AS max
     FROM (SELECT toFloat64(dateDiff('millisecond', occurred_at, ingested_at)) AS delay_ms FROM accepted FINAL
           WHERE sms_id >= {first:UInt64})`,
    { first: firstSmsId },
  )
  const [p50, p95, p99] = rows[0]!.quantiles
  return { p50: p50!, p95: p95!, p99: p99!, max: rows[0]!.max }
}
