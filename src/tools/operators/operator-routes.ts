import type { FastifyInstance } from 'fastify'
import { CONNECTORS } from '../../delivery/connectors/connectors.ts'
import { declaredOf, readRevisionAfter } from '../../operators/operator-store.ts'
import type { Pool } from '../../postgres/pool.ts'
import { countWaiting } from './count-waiting.ts'
import { readUnreadableAnswers } from './read-unreadable-answers.ts'

export interface OperatorRouteParts {
  readonly pool: Pool
  /** The metrics of every process that this one speaks for, as prom-client has them in JSON. */
  readonly metrics: () => Promise<readonly object[]>
}

interface ReadyMetric {
  readonly name?: string
  readonly values?: readonly { readonly value: number; readonly labels: { readonly operator?: string } }[]
}

/**
 * GET /v1/operators of the admin API: the operators in force, how many of the workers here have a ready connection, how
 * many messages wait for one, and by which answers an operator took messages without naming them.
 */
export function operatorRoutes(app: FastifyInstance, { pool, metrics }: OperatorRouteParts): void {
  app.get('/v1/operators', async () => {
    const inForce = await readRevisionAfter(pool, 0)
    if (!inForce) return { revision: 0, operators: [] }
    const ready = readyWorkers(await metrics())
    const [waiting, unreadable] = await Promise.all([countWaiting(pool), readUnreadableAnswers(pool)])
    const { operators: declared } = declaredOf(inForce, CONNECTORS)
    const operators = Object.entries(declared).map(([name, { connector, window, per_second }]) => {
      const now = {
        ready_workers: ready.get(name) ?? 0,
        waiting: waiting.get(name) ?? 0,
        unreadable_answers: unreadable.get(name) ?? [],
      }
      return { name, connector, window, per_second: per_second ?? null, ...now }
    })
    const { revision, appliedBy, appliedAt } = inForce
    return { revision, applied_by: appliedBy, applied_at: appliedAt.toISOString(), operators }
  })
}

function readyWorkers(metrics: readonly object[]): Map<string, number> {
  const ready = new Map<string, number>()
  for (const { name, values = [] } of metrics as readonly ReadyMetric[]) {
    if (name !== 'smsgw_operator_ready') continue
    for (const { value, labels } of values) ready.set(labels.operator!, (ready.get(labels.operator!) ?? 0) + value)
  }
  return ready
}
