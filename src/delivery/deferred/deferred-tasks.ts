import { outboxShard } from '../../domain/outbox-shard.ts'
import type { DeliveryTask } from '../../events/delivery.ts'
import { EventFormError } from '../../events/event-codec.ts'
import { encodePayload } from '../../events/outbox-payload.ts'
import { DONE, deadLetter, type Outcome } from '../../kafka/consumer/outcome.ts'
import type { RecordState } from '../../kafka/consumer/record-state.ts'
import type { ConsumedRecord } from '../../kafka/wire/consumed-record.ts'
import type { DatabaseClock } from '../../postgres/clock-skew.ts'
import type { Pool } from '../../postgres/pool.ts'
import { WriteTogether } from '../../postgres/write-together.ts'
import { type EndRules, endOfDelivery } from '../attempts/end-of-delivery.ts'
import type { DeliveryOrder, TaskReader } from '../read-tasks.ts'
import { spreadOf } from '../spread-of.ts'
import type { TaskHandler, TaskOutcome } from '../task-outcome.ts'
import { type Awaited, awaitMs, dueBehind, dueOf, type Predecessor } from './defer-rule.ts'
import { type DeferredTask, deferTasks, forgetTasks, readAnyDeferred, readPlaces } from './deferred-statements.ts'

export interface DeferredTasksParts extends EndRules {
  readonly pool: Pool
  /** Rows and validities have PostgreSQL's time, so what is reckoned with them goes by it. */
  readonly clock: DatabaseClock
  readonly tasks: TaskReader
  readonly order: DeliveryOrder
  /** Of operators and routes, as they are now. */
  readonly revision: () => number
  readonly deferred: (tasks: number) => void
}

interface Place {
  readonly isOwn: boolean
  readonly before: Before | null
}

interface Before extends Predecessor {
  /** Null if it waits for a time alone, or was resumed. */
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
const NOWHERE: Place = { isOwn: false, before: null }

/**
 * Defers tasks with a long wait to PostgreSQL: their records are done, and the relay publishes them again when they are
 * due, under the same ids and key. So neither memory nor the partition's watermark waits for them.
 *
 * A task that may not overtake a deferred one is deferred behind it (`defer-rule.ts`) until that one is finished: its row
 * stays while it is on its way back. Rows are only looked up while there are any. A partition has one owner, which alone
 * defers its tasks, so it is enough to look whether there are any when partitions were assigned, and after own ones were
 * written.
 */
export class DeferredTasks {
  readonly #parts: DeferredTasksParts
  readonly #writing: WriteTogether<DeferredTask>
  readonly #asking: WriteTogether<Asked>
  readonly #forgetting: WriteTogether<number>
  #mayBeAny = true
  /** Raised when there may be some that an answer on its way does not know of. */
  #changes = 0
  #anyAskedAtMs = 0
  #anyAsking: Promise<void> | null = null

  constructor(parts: DeferredTasksParts) {
    this.#parts = parts
    this.#writing = new WriteTogether((tasks) => this.#write(tasks))
    this.#asking = new WriteTogether((asked) => this.#ask(asked))
    this.#forgetting = new WriteTogether(async (smsIds) => void (await parts.pool.query(forgetTasks(smsIds))))
  }

  /** Partitions came from other workers, which may have deferred tasks of theirs. */
  assigned(): void {
    this.#changes++
    this.#mayBeAny = true
  }

  /**
   * Hands on no task before one that is deferred and must not be overtaken, and carries out what is to follow a task as
   * far as that concerns its row. Throws when the database does.
   */
  async handle(record: ConsumedRecord, state: RecordState, next: TaskHandler): Promise<Outcome> {
    const task = this.#parts.tasks.read(record)
    if (task instanceof EventFormError) return deadLetter(task.reason, task.message)
    const { isOwn, before } = await this.#placeOf(record, task)
    const nowMs = this.#parts.clock.nowMs()
    const endMs = this.#endOf(task)
    // What is too late is not sent, and so overtakes nothing.
    if (before && endMs > nowMs) return this.#defer(record, task, dueBehind(before, endMs, nowMs), before.awaited)
    const outcome = await next(task, record, state)
    switch (outcome.kind) {
      case 'defer':
        return this.#deferUntil(record, task, this.#parts.clock.nowMs() + outcome.untilMs - Date.now(), null)
      case 'await-operator':
        return this.#awaitOperator(record, task, outcome)
      case 'done':
      case 'dead-letter':
        if (isOwn) await this.#forgetting.add(task.sms_id)
    }
    return outcome
  }

  /** The task is finished by another way than its handler's. */
  async forget(record: ConsumedRecord): Promise<void> {
    const task = this.#parts.tasks.read(record)
    if (!(task instanceof EventFormError) && this.#mayBeAny) await this.#forgetting.add(task.sms_id)
  }

  /** Until the operator resumes its tasks (`resume-tasks.ts`), or their maximum wait has passed. */
  #awaitOperator(
    record: ConsumedRecord,
    task: DeliveryTask,
    { operator, isOnly }: TaskOutcome & { kind: 'await-operator' },
  ): Promise<Outcome> {
    const nowMs = this.#parts.clock.nowMs()
    const untilMs = nowMs + awaitMs(nowMs - Date.parse(task.created_at), isOnly, spreadOf(task.sms_id))
    return this.#deferUntil(record, task, untilMs, { operator, revision: this.#parts.revision() })
  }

  #deferUntil(record: ConsumedRecord, task: DeliveryTask, untilMs: number, awaited: Awaited | null): Promise<Outcome> {
    return this.#defer(record, task, dueOf(untilMs, this.#endOf(task), this.#parts.clock.nowMs()), awaited)
  }

  /** Its record is done when its row is written. */
  async #defer(record: ConsumedRecord, task: DeliveryTask, dueMs: number, awaited: Awaited | null): Promise<Outcome> {
    await this.#writing.add(this.#toRow(record, task, dueMs, awaited))
    return DONE
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

  /** A message that is deferred twice at once, as without order it may be, is once. */
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
