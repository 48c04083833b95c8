import { outboxShard } from '../../domain/outbox-shard.ts'
import type { DeliveryTask } from '../../events/delivery.ts'
import { EventFormError } from '../../events/event-codec.ts'
import { encodePayload } from '../../events/outbox-payload.ts'
import { DONE, deadLetter, type Outcome, pauseUntil } from '../../kafka/consumer/outcome.ts'
import type { RecordState } from '../../kafka/consumer/record-state.ts'
import type { RecordHandler } from '../../kafka/middleware/middleware.ts'
import type { ConsumedRecord } from '../../kafka/wire/record-batch-decode.ts'
import type { DatabaseClock } from '../../postgres/clock-skew.ts'
import { isDatabaseTrouble, isItemFault } from '../../postgres/database-errors.ts'
import type { Pool } from '../../postgres/pool.ts'
import { WriteTogether } from '../../postgres/write-together.ts'
import { type EndRules, endOfDelivery } from '../attempts/end-of-delivery.ts'
import type { DeliveryOrder, TaskReader } from '../read-tasks.ts'
import { type Awaited, awaitMs, dueBehind, dueOf, type Predecessor, shouldDefer } from './defer-rule.ts'
import { type DeferredTask, deferTasks, forgetTasks, readAnyDeferred, readPlaces } from './deferred-statements.ts'

export interface DelayedTasksParts extends EndRules {
  readonly pool: Pool
  /** Rows and validities have PostgreSQL's time, so what is reckoned with them goes by it. */
  readonly clock: DatabaseClock
  readonly tasks: TaskReader
  readonly order: DeliveryOrder
  /** Waits longer than that leave memory. */
  readonly deferMs: number
  /** Tasks whose operators are away for longer leave memory too. */
  readonly awayMs: number
  /** Of operators and routes, as they are now. */
  readonly revision: () => number
  readonly deferred: (tasks: number) => void
}

interface Place {
  readonly isOwn: boolean
  readonly before: Before | null
}

interface Before extends Predecessor {
  /** Null if it waits for a time alone, or was called back. */
  readonly awaited: Awaited | null
}

interface PlaceRow {
  readonly is_own: boolean
  readonly due_at: Date | null
  readonly released_at: Date | null
  readonly awaits: string | null
  readonly awaits_revision: number | null
}

interface Asked {
  readonly smsId: number
  readonly lane: string
  place: Place
}

const ASK_MS = 1_000
const DATABASE_PAUSE_MS = 1_000
const NOWHERE: Place = { isOwn: false, before: null }

/**
 * Puts tasks with a long wait aside, in PostgreSQL: their records are done, and the relay brings them back when they are
 * due, under the same ids and key. So neither memory nor the partition's watermark waits for them.
 *
 * What may not overtake a task that was put aside is put aside behind it (`defer-rule.ts`), until that one is over: its
 * row stays while it is on its way back. Rows are only looked for while there are any. A partition has one owner, who
 * alone puts its tasks aside, so it is enough to ask whether there are any when partitions were assigned, and after
 * own ones were written.
 */
export class DelayedTasks {
  readonly #parts: DelayedTasksParts
  readonly #writing: WriteTogether<DeferredTask>
  readonly #asking: WriteTogether<Asked>
  readonly #forgetting: WriteTogether<number>
  /** Records whose tasks were put aside by the handler itself, and are not over. */
  readonly #putAside = new WeakSet<ConsumedRecord>()
  #mayBeAny = true
  /** Raised when there may be some that an answer on its way does not know of. */
  #changes = 0
  #anyAskedAtMs = 0
  #anyAsking: Promise<void> | null = null

  constructor(parts: DelayedTasksParts) {
    this.#parts = parts
    this.#writing = new WriteTogether((tasks) => this.#write(tasks))
    this.#asking = new WriteTogether((asked) => this.#ask(asked))
    this.#forgetting = new WriteTogether(async (smsIds) => void (await parts.pool.query(forgetTasks(smsIds))))
  }

  /** Whether a wait until then is worth it. */
  shouldDefer(untilMs: number, nowMs: number): boolean {
    return shouldDefer(untilMs, nowMs, this.#parts.deferMs)
  }

  /** Whether waiting for an operator that has been away for so long is worth it. */
  shouldAwait(awayForMs: number): boolean {
    return awayForMs > this.#parts.awayMs
  }

  /**
   * Resolves when the task is put aside: its record is done then. `untilMs` is of the process's own clock. Throws when
   * the database does.
   */
  async defer(record: ConsumedRecord, task: DeliveryTask, untilMs: number): Promise<void> {
    await this.#putTask(record, task, this.#parts.clock.nowMs() + untilMs - Date.now(), null)
  }

  /** The same until that operator calls it back (`call-back-tasks.ts`), or the time for which it waits at most is over. */
  async awaitOperator(
    record: ConsumedRecord,
    task: DeliveryTask,
    operator: string,
    isOnly: boolean,
    spread: number,
  ): Promise<void> {
    const nowMs = this.#parts.clock.nowMs()
    const untilMs = nowMs + awaitMs(nowMs - Date.parse(task.created_at), isOnly, spread)
    await this.#putTask(record, task, untilMs, { operator, revision: this.#parts.revision() })
  }

  /** Partitions came from other workers, which may have put tasks of theirs aside. */
  assigned(): void {
    this.#changes++
    this.#mayBeAny = true
  }

  /** Handles no task before one that was put aside and must not be overtaken. */
  keepOrder(next: RecordHandler): RecordHandler {
    return async (record, state) => {
      try {
        return await this.#handle(record, state, next)
      } catch (error) {
        if (isDatabaseTrouble(error)) return pauseUntil(Date.now() + DATABASE_PAUSE_MS)
        if (isItemFault(error)) return deadLetter('handler', (error as Error).message, (error as Error).stack)
        throw error
      }
    }
  }

  /** The task is over by another way than its handler's. */
  async forget(record: ConsumedRecord): Promise<void> {
    const task = this.#parts.tasks.read(record)
    if (!(task instanceof EventFormError) && this.#mayBeAny) await this.#forgetting.add(task.sms_id)
  }

  async #handle(record: ConsumedRecord, state: RecordState, next: RecordHandler): Promise<Outcome> {
    const task = this.#parts.tasks.read(record)
    if (task instanceof EventFormError) return next(record, state)
    const { isOwn, before } = await this.#placeOf(record, task)
    const nowMs = this.#parts.clock.nowMs()
    const endMs = this.#endOf(task)
    // What is too late is not sent, and so overtakes nothing.
    if (before && endMs > nowMs) {
      await this.#writing.add(this.#toRow(record, task, dueBehind(before, endMs, nowMs), before.awaited))
      return DONE
    }
    const outcome = await next(record, state)
    const isOver = outcome.kind === 'done' || outcome.kind === 'dead-letter'
    if (isOwn && isOver && !this.#putAside.has(record)) await this.#forgetting.add(task.sms_id)
    return outcome
  }

  async #putTask(record: ConsumedRecord, task: DeliveryTask, untilMs: number, awaited: Awaited | null): Promise<void> {
    const dueMs = dueOf(untilMs, this.#endOf(task), this.#parts.clock.nowMs())
    await this.#writing.add(this.#toRow(record, task, dueMs, awaited))
    this.#putAside.add(record)
  }

  #endOf(task: DeliveryTask): number {
    return endOfDelivery(task, this.#parts)
  }

  async #placeOf(record: ConsumedRecord, task: DeliveryTask): Promise<Place> {
    if (!(await this.#isAny())) return NOWHERE
    const asked: Asked = { smsId: task.sms_id, lane: this.#laneOf(record, task), place: NOWHERE }
    await this.#asking.add(asked)
    return asked.place
  }

  async #isAny(): Promise<boolean> {
    if (this.#mayBeAny && Date.now() - this.#anyAskedAtMs >= ASK_MS) {
      this.#anyAsking ??= this.#askAny().finally(() => {
        this.#anyAsking = null
      })
      await this.#anyAsking
    }
    return this.#mayBeAny
  }

  async #askAny(): Promise<void> {
    const changes = this.#changes
    const { rows } = await this.#parts.pool.query<{ any: boolean }>(readAnyDeferred())
    this.#anyAskedAtMs = Date.now()
    if (changes === this.#changes) this.#mayBeAny = rows[0]!.any
  }

  async #ask(asked: readonly Asked[]): Promise<void> {
    const { rows } = await this.#parts.pool.query<PlaceRow>(readPlaces(asked))
    for (const [index, row] of rows.entries()) asked[index]!.place = toPlace(row)
  }

  /** A message that is put aside twice at once, as without order it may be, is once. */
  async #write(tasks: readonly DeferredTask[]): Promise<void> {
    const rows = [...new Map(tasks.map((task) => [task.smsId, task])).values()]
    await this.#parts.pool.query(deferTasks(rows))
    this.#changes++
    this.#mayBeAny = true
    this.#parts.deferred(rows.length)
  }

  #toRow(record: ConsumedRecord, task: DeliveryTask, dueMs: number, awaited: Awaited | null): DeferredTask {
    const headers = [...record.headers].map(([name, bytes]): [string, string] => [name, bytes.toString()])
    return {
      smsId: task.sms_id,
      shard: outboxShard(task.customer_id),
      lane: this.#laneOf(record, task),
      dueMs,
      awaited,
      payload: encodePayload({ topic: record.topic, key: record.key, value: record.value!.toString(), headers }),
    }
  }

  /**
   * Tasks keep their order within a partition and its key: what is express must not wait for what is not. Where they keep
   * none each has a lane of its own, by which it is known again when it comes back.
   */
  #laneOf(record: ConsumedRecord, task: DeliveryTask): string {
    const lane = this.#parts.tasks.laneOf(record, this.#parts.order) ?? task.sms_id
    return `${record.partition} ${record.key?.toString() ?? ''} ${lane}`
  }
}

function toPlace({ is_own, due_at, released_at, awaits, awaits_revision }: PlaceRow): Place {
  const awaited = awaits !== null && awaits_revision !== null ? { operator: awaits, revision: awaits_revision } : null
  const before = due_at && { dueMs: due_at.getTime(), releasedMs: released_at?.getTime() ?? null, awaited }
  return { isOwn: is_own, before }
}
