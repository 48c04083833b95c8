import type { Pool } from '../../postgres/pool.ts'
import { RowArrays } from '../../postgres/row-arrays.ts'
import type { Log } from '../../runtime/log.ts'
import { RepeatedFailure } from '../../runtime/repeated-failure.ts'
import { RoundLoop } from '../../runtime/round-loop.ts'
import type { UnidentifiedCode } from '../connectors/connector.ts'

export interface UnreadableAnswersParts {
  readonly pool: Pick<Pool, 'query'>
  readonly log: Pick<Log, 'warn' | 'info'>
  /** What was not seen for so long is dropped. */
  readonly days: number
  readonly writeMs?: number
}

interface Seen {
  readonly operator: string
  readonly code: UnidentifiedCode
  readonly answers: number
  readonly sample: string
  readonly smsId: number
}

const SEEN = new RowArrays<Seen>({
  operator: ['text', ({ operator }) => operator],
  code: ['text', ({ code }) => code],
  answers: ['bigint', ({ answers }) => answers],
  sms_id: ['bigint', ({ smsId }) => smsId],
  sample: ['text', ({ sample }) => sample],
})

const WRITE_MS = 1_000
/** Of an operator; what is seen between two lines is counted in the next. */
const LINE_MS = 60_000
const DROP_MS = 3_600_000

/**
 * Flags operators that take messages with answers which do not name them: a log line a minute, and in PostgreSQL how many
 * there were of each kind, and the last one. In memory is a row for each operator and kind, however many answers come.
 */
export class UnreadableAnswers {
  readonly #parts: UnreadableAnswersParts
  readonly #failure: RepeatedFailure
  readonly #loop = new RoundLoop(() => this.#round())
  /** What is not written yet, by operator and code. */
  #seen = new Map<string, Seen>()
  #droppedAtMs = 0
  readonly #lines = new Map<string, { atMs: number; answers: number }>()

  constructor(parts: UnreadableAnswersParts) {
    this.#parts = parts
    this.#failure = new RepeatedFailure({ what: 'write of unreadable answers', log: parts.log })
  }

  start(): void {
    this.#loop.start()
  }

  /** Writes what was seen until now, once. */
  async stop(): Promise<void> {
    await this.#loop.stop()
    await this.#round()
  }

  note(operator: string, code: UnidentifiedCode, sample: string, smsId: number): void {
    this.#add({ operator, code, answers: 1, sample, smsId })
    this.#say(operator, code, smsId, Date.now())
  }

  #add(seen: Seen): void {
    const key = `${seen.operator} ${seen.code}`
    const answers = (this.#seen.get(key)?.answers ?? 0) + seen.answers
    this.#seen.set(key, { ...seen, answers })
  }

  #say(operator: string, code: UnidentifiedCode, smsId: number, nowMs: number): void {
    const line = this.#lines.get(operator) ?? { atMs: Number.NEGATIVE_INFINITY, answers: 0 }
    line.answers++
    this.#lines.set(operator, line)
    if (nowMs - line.atMs < LINE_MS) return
    this.#parts.log.warn(
      { operator, code, answers: line.answers, sms_id: smsId },
      'operator answers without message ids: receipts cannot match. See `smsgw operators show`',
    )
    this.#lines.set(operator, { atMs: nowMs, answers: 0 })
  }

  /** Returns how long to wait for the next one. */
  async #round(): Promise<number> {
    const seen = [...this.#seen.values()]
    this.#seen = new Map()
    try {
      await this.#drop(Date.now())
      if (seen.length > 0) await this.#write(seen)
      this.#failure.succeeded()
      return this.#parts.writeMs ?? WRITE_MS
    } catch (error) {
      for (const each of seen) this.#add(each)
      return this.#failure.failed(error)
    }
  }

  async #drop(nowMs: number): Promise<void> {
    if (nowMs - this.#droppedAtMs < DROP_MS) return
    await this.#parts.pool.query({
      name: 'unreadable-answers-drop',
      text: "DELETE FROM unreadable_answers WHERE last_at < now() - $1 * interval '1 day'",
      values: [this.#parts.days],
    })
    this.#droppedAtMs = nowMs
  }

  async #write(seen: readonly Seen[]): Promise<void> {
    await this.#parts.pool.query({
      name: 'unreadable-answers-add',
      text: `INSERT INTO unreadable_answers AS known (operator, code, answers, first_at, last_at, last_sms_id, sample)
             SELECT operator, code, answers, now(), now(), sms_id, sample
             FROM ${SEEN.from('seen')}
             ON CONFLICT (operator, code) DO UPDATE SET answers = known.answers + excluded.answers,
               last_at = excluded.last_at, last_sms_id = excluded.last_sms_id, sample = excluded.sample`,
      values: SEEN.values(seen),
    })
  }
}
