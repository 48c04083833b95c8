import type { Pool } from '../../postgres/pool.ts'
import type { RepeatedFailure } from '../../runtime/repeated-failure.ts'
import { RoundLoop } from '../../runtime/round-loop.ts'
import type { LiveConnections } from '../connections/live-connections.ts'
import { readAwaited, resumeDeferred } from './deferred-statements.ts'
import { mayResume } from './resume-rule.ts'

export interface TaskResumeParts {
  readonly pool: Pool
  readonly connections: Pick<LiveConnections, 'get'>
  /** Of operators and routes, as they are now. */
  readonly revision: () => number
  /** Of an operator's tasks, on their way back at once, all workers together. */
  readonly tasksMax: number
  readonly resumed: (operator: string, tasks: number) => void
  readonly failure: RepeatedFailure
}

interface AwaitedRow {
  readonly operator: string
  readonly revision: number
}

const LOOK_MS = 1_000
/** While some are resumed: the interval at which more are resumed. */
const FOLLOW_MS = 200

/**
 * Resumes tasks that were deferred for want of an operator, as soon as this worker's connection takes messages again:
 * the oldest first, and no more at once than an operator needs to be kept busy. So the backlog of an outage goes
 * through the partitions in small portions, and a customer's messages to other operators pass between them.
 */
export class TaskResume {
  readonly #parts: TaskResumeParts
  readonly #loop = new RoundLoop(() => this.#tryRound())

  constructor(parts: TaskResumeParts) {
    this.#parts = parts
  }

  start(): void {
    this.#loop.start()
  }

  /** Resolves when the round under way has ended. */
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  async #tryRound(): Promise<number> {
    try {
      const isAny = await this.#round()
      this.#parts.failure.succeeded()
      return isAny ? FOLLOW_MS : LOOK_MS
    } catch (error) {
      return this.#parts.failure.failed(error)
    }
  }

  /** Returns whether anything may be resumed. */
  async #round(): Promise<boolean> {
    const { pool, connections, revision, tasksMax, resumed } = this.#parts
    const { rows: awaited } = await pool.query<AwaitedRow>(readAwaited())
    let isAny = false
    for (const { operator, revision: oldest } of awaited) {
      const health = connections.get(operator)?.health
      const state = health ? { condition: health.condition(Date.now()), isProved: health.breaker === 'closed' } : null
      const may = mayResume(state, oldest < revision(), tasksMax)
      if (!may) continue
      isAny = true
      const { rowCount } = await pool.query(
        resumeDeferred(operator, may.tasksMax, may.outdatedOnly ? revision() : null),
      )
      if (rowCount) resumed(operator, rowCount)
    }
    return isAny
  }
}
