import { firstSmsIdAt } from '../../domain/sms-id.ts'
import type { Connection } from '../../postgres/pool.ts'
import { lockClosing } from '../../tables/closing-days.ts'
import { DAY_MS } from '../../tables/partitioned-tables.ts'
import {
  beginDay,
  closeDay,
  type DayRow,
  isUnpublished,
  nameOfDay,
  scanMessages,
  stillOpen,
  writeScan,
} from './day-statements.ts'

const ROWS_AT_ONCE = 20_000
/** As many are remembered of a day. */
const OPEN_MAX = 1_000

export interface Closing {
  readonly connection: Connection
  readonly nowMs: number
  /** Whatever was in the topics then has been read by every consumer group. */
  readonly readUpToMs: number
  /** Whether to break off; the next round goes on. */
  readonly isOver: () => boolean
}

/** How far a day is. `reading`: read through in part, or its last records are on their way. */
export interface DayState {
  readonly kind: 'closed' | 'open' | 'reading'
  /** Messages that are not final; of many the first. */
  readonly open: readonly number[]
}

/**
 * Moves a day towards being closed: all its messages final, published, and read by every consumer group. Work
 * continues from round to round; a day with messages that are not final is read through again when those are.
 */
export async function bringOn(dayStartMs: number, known: DayRow | undefined, closing: Closing): Promise<DayState> {
  if (known?.closed_at) return { kind: 'closed', open: [] }
  const { connection } = closing
  const day = nameOfDay(dayStartMs)
  let row = known
  if (row && row.open_messages.length > 0) {
    const { rows } = await connection.query<{ sms_id: number }>(stillOpen(row.open_messages.map(Number)))
    const open = rows.map(({ sms_id }) => sms_id)
    if (open.length > 0) {
      await connection.query(writeScan(day, row.scanned_to, open, null))
      return { kind: 'open', open }
    }
    row = undefined
  }
  row ??= await begin(connection, day, firstSmsIdAt(dayStartMs))
  return row.scanned_at ? settle(day, dayStartMs, row.scanned_at, closing) : scan(day, dayStartMs, row, closing)
}

/** From here on no redrive opens a message of the day again. */
async function begin(connection: Connection, day: string, firstSmsId: number): Promise<DayRow> {
  await connection.query('BEGIN')
  try {
    await lockClosing(connection)
    await connection.query(beginDay(day, firstSmsId))
    await connection.query('COMMIT')
  } catch (error) {
    await connection.query('ROLLBACK')
    throw error
  }
  return { day, scanned_to: firstSmsId, scanned_at: null, open_messages: [], closed_at: null }
}

async function scan(day: string, dayStartMs: number, row: DayRow, closing: Closing): Promise<DayState> {
  const { connection, nowMs, isOver } = closing
  const endSmsId = firstSmsIdAt(dayStartMs + DAY_MS)
  let next = row.scanned_to
  while (!isOver()) {
    const { rows } = await connection.query<{ messages: number; last: number | null; open: string[] }>(
      scanMessages(next, endSmsId, ROWS_AT_ONCE),
    )
    const { messages, last, open } = rows[0]!
    if (open.length > 0) {
      const first = open.slice(0, OPEN_MAX).map(Number)
      await connection.query(writeScan(day, next, first, null))
      return { kind: 'open', open: first }
    }
    if (last !== null) next = last + 1
    const scannedAt = messages < ROWS_AT_ONCE ? new Date(nowMs) : null
    await connection.query(writeScan(day, next, [], scannedAt))
    if (scannedAt) return settle(day, dayStartMs, scannedAt, closing)
  }
  return { kind: 'reading', open: [] }
}

/** All are final. What is known of them must have left PostgreSQL, and been read from Kafka. */
async function settle(day: string, dayStartMs: number, scannedAt: Date, closing: Closing): Promise<DayState> {
  const { connection, nowMs, readUpToMs } = closing
  const range = [firstSmsIdAt(dayStartMs), firstSmsIdAt(dayStartMs + DAY_MS)] as const
  const { rows } = await connection.query<{ waits: boolean }>(isUnpublished(...range))
  if (rows[0]!.waits) {
    await connection.query(writeScan(day, range[1], [], new Date(nowMs)))
    return { kind: 'reading', open: [] }
  }
  // The look of the round in which the reading through ended was before that end: only a later one saw all of the
  // topics.
  if (readUpToMs <= scannedAt.getTime()) return { kind: 'reading', open: [] }
  await connection.query(closeDay(day, new Date(nowMs)))
  return { kind: 'closed', open: [] }
}
