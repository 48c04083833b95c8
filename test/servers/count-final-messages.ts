import { type ClickHouse, readRows } from '../../src/clickhouse/clickhouse-client.ts'
import { FINAL_STATUSES } from '../../src/domain/status.ts'
import { textList } from '../../src/postgres/text-list.ts'

/** Messages of a customer by the final status that ClickHouse has of them; those without one are not counted. */
export async function countFinalMessages(client: ClickHouse, customerId: string): Promise<Map<string, number>> {
  const rows = await readRows<{ status: string; messages: number }>(
    client,
    `SELECT final AS status, toFloat64(count()) AS messages FROM (
       SELECT sms_id, argMax(status, (occurred_at, attempt)) AS final FROM statuses FINAL
       WHERE customer_id = {customer_id:String}
         AND status IN ${textList(FINAL_STATUSES)}
       GROUP BY sms_id)
     GROUP BY final`,
    { customer_id: customerId },
  )
  return new Map(rows.map(({ status, messages }) => [status, messages]))
}
