import { type ClickHouse, readRows } from '../clickhouse/clickhouse-client.ts'

/** What keeps ClickHouse from reading a topic, as it says itself. */
export interface IngestionFault {
  readonly table: string
  readonly error: string
}

/**
 * The last fault of each Kafka table that had one within `secondsMax`: a broker that cannot be reached, a login that
 * is refused, a build of ClickHouse that cannot log in at all. A table that reads well has none.
 */
export async function readIngestionFaults(client: ClickHouse, secondsMax: number): Promise<IngestionFault[]> {
  const rows = await readRows<{ table: string; error: string }>(
    client,
    `SELECT table, argMax(text, time) AS error
     FROM system.kafka_consumers ARRAY JOIN exceptions.time AS time, exceptions.text AS text
     WHERE database = currentDatabase() AND time > now() - {seconds:UInt32}
     GROUP BY table ORDER BY table`,
    { seconds: secondsMax },
  )
  return rows.map(({ table, error }) => ({ table, error: firstSentence(error) }))
}

/** Without the trace of the engine's own stack. */
function firstSentence(error: string): string {
  return error.split(', Stack trace')[0]!.trim()
}
