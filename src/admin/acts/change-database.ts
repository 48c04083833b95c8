import { outboxShard } from '../../domain/outbox-shard.ts'
import { encodePayload } from '../../events/outbox-payload.ts'
import { readDatabaseMs } from '../../postgres/clock-skew.ts'
import type { Connection, Pool } from '../../postgres/pool.ts'
import { inTransaction } from '../../postgres/transaction.ts'
import { drawReference } from '../../tables/draw-reference.ts'
import { insertOutbox } from '../../tables/outbox-entries.ts'
import { type ActDetails, adminActRecord } from './admin-act-record.ts'

/** What a change returns: its result, and the act that it was; null if there was nothing to change. */
export interface ActedResult<T> {
  readonly act: ActDetails | null
  readonly result: T
}

/**
 * Runs an administrator's change and writes its act into the outbox, in one transaction: neither is there without the
 * other. The relay publishes the act to `sms.audit`, from where the audit log has it.
 */
export function changeWithAct<T>(
  pool: Pool,
  by: string,
  work: (connection: Connection) => Promise<ActedResult<T>>,
): Promise<T> {
  return inTransaction(pool, async (connection) => {
    const { act, result } = await work(connection)
    if (act) await recordAct(connection, by, act)
    return result
  })
}

async function recordAct(connection: Connection, by: string, act: ActDetails): Promise<void> {
  const actId = await drawReference(connection)
  const record = adminActRecord(actId, by, act, await readDatabaseMs(connection))
  await connection.query(insertOutbox([{ shard: outboxShard(by), smsId: actId, payload: encodePayload(record) }]))
}
