import { firstSmsIdAt, smsIdTimeMs } from '../domain/sms-id.ts'
import type { Status } from '../domain/status.ts'
import { statusRecord } from '../events/status-record.ts'
import { type SubjectRow, storedSubject } from '../events/status-subject.ts'
import type { Producer } from '../kafka/producer/producer.ts'
import type { Connection } from '../postgres/pool.ts'
import { type JudgeRules, judgeUnanswered, type TakenSubmit, type Verdict } from './judge-unanswered.ts'
import {
  type OpenMessageRow,
  readOpenMessages,
  readSubjects,
  readTakenSubmits,
  type TakenSubmitRow,
} from './unanswered-statements.ts'

const PAGE_ROWS_MAX = 2_000

export interface SearchParts {
  readonly connection: Connection
  readonly producer: Pick<Producer, 'send'>
  readonly rules: JudgeRules
  readonly published: (status: Status) => void
}

/** What is left of a range: acceptance of its oldest message that may still get on, and when to look again at the latest. */
interface RangeRest {
  readonly oldestMs: number | null
  readonly dueMs: number
}

/** Looks ranges of acceptance through for messages whose receipts are missing, or were lost on their way. */
export class SearchUnanswered {
  readonly #parts: SearchParts

  constructor(parts: SearchParts) {
    this.#parts = parts
  }

  /** Resolves when the statuses are published. */
  async range(startMs: number, endMs: number): Promise<RangeRest> {
    const smsIdEnd = firstSmsIdAt(endMs)
    let smsIdAfter = firstSmsIdAt(startMs) - 1
    let oldestMs: number | null = null
    let dueMs = Number.POSITIVE_INFINITY
    while (true) {
      const { rows } = await this.#parts.connection.query<OpenMessageRow>(
        readOpenMessages(smsIdAfter, smsIdEnd, PAGE_ROWS_MAX),
      )
      const verdicts = await this.#judge(rows)
      for (const row of rows) {
        const verdict = verdicts.get(row.sms_id)
        if (verdict?.kind === 'leave') continue
        oldestMs ??= smsIdTimeMs(row.sms_id)
        dueMs = Math.min(dueMs, this.#dueMs(row, verdict))
      }
      await this.#publish(verdicts)
      if (rows.length < PAGE_ROWS_MAX) return { oldestMs, dueMs }
      smsIdAfter = rows.at(-1)!.sms_id
    }
  }

  /** Of messages that were sent; the others are on their way. */
  async #judge(messages: readonly OpenMessageRow[]): Promise<Map<number, Verdict>> {
    const sent = messages.flatMap(({ sms_id: smsId, status }) =>
      status === 'sent' || status === 'unknown' ? [{ smsId, status }] : [],
    )
    if (sent.length === 0) return new Map()
    const { rows } = await this.#parts.connection.query<TakenSubmitRow>(
      readTakenSubmits(sent.map(({ smsId }) => smsId)),
    )
    const submits = Map.groupBy(rows, ({ sms_id }) => sms_id)
    return new Map(
      sent.map(({ smsId, status }) => {
        const taken = (submits.get(smsId) ?? []).map(toTaken)
        return [smsId, judgeUnanswered(status, taken, this.#parts.rules)]
      }),
    )
  }

  /** When the message is to be looked at again at the latest. One that was not sent yet is overdue no sooner than this. */
  #dueMs(row: OpenMessageRow, verdict: Verdict | undefined): number {
    const { nowMs, receiptTimeoutMs } = this.#parts.rules
    if (!verdict) return Math.max(nowMs, row.due_at.getTime()) + receiptTimeoutMs(row.operator ?? '')
    return verdict.kind === 'wait' && verdict.untilMs > nowMs ? verdict.untilMs : Number.POSITIVE_INFINITY
  }

  async #publish(verdicts: ReadonlyMap<number, Verdict>): Promise<void> {
    const { connection, producer, rules, published } = this.#parts
    const smsIds = [...verdicts].flatMap(([smsId, { kind }]) => (kind === 'publish' ? [smsId] : []))
    if (smsIds.length === 0) return
    const { rows } = await connection.query<SubjectRow>(readSubjects(smsIds))
    const publish = async (row: SubjectRow): Promise<void> => {
      const { status, details } = verdicts.get(row.sms_id) as Extract<Verdict, { kind: 'publish' }>
      await producer.send(statusRecord(storedSubject(row), status, details, '/smsgw/status', rules.nowMs))
      published(status)
    }
    await Promise.all(rows.map(publish))
  }
}

function toTaken(row: TakenSubmitRow): TakenSubmit {
  const { receipt_status: status, receipt_code: code, receipt_at: at, receipt_received_at: receivedAt } = row
  return {
    attempt: row.attempt,
    part: row.part,
    partCount: row.part_count,
    operator: row.operator,
    operatorMessageId: row.operator_message_id,
    possibleDuplicate: row.possible_duplicate,
    takenAtMs: row.ended_at.getTime(),
    receipt: status && { status, code, at: at!, receivedAtMs: receivedAt!.getTime() },
  }
}
