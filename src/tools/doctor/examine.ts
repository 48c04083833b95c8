import { describeBrokers } from '../../kafka/admin/describe-brokers.ts'
import { describeBrokerConfigs } from '../../kafka/admin/describe-configs.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { readHeld } from '../../monitor/retention/day-statements.ts'
import type { RetentionSettings } from '../../monitor/retention/table-rules.ts'
import { readDatabaseMs } from '../../postgres/clock-skew.ts'
import type { Pool } from '../../postgres/pool.ts'
import { listPartitions } from '../../tables/drop-partition.ts'
import { PARTITIONED_TABLES } from '../../tables/partitioned-tables.ts'
import { describeChange } from '../../topics/describe-plan.ts'
import { findUnderReplicated } from '../../topics/find-under-replicated.ts'
import { makePlan } from '../../topics/make-plan.ts'
import type { DeclaredTopic } from '../../topics/topics-file.ts'
import { checkBroker } from './check-brokers.ts'
import { checkDatabase } from './check-database.ts'
import { checkRetention, type RetentionFacts } from './check-retention.ts'
import type { Finding } from './finding.ts'
import { readDatabaseFacts } from './read-database-facts.ts'

/** Examines the brokers: each one's settings, as that broker itself reports them, and whether it is available. */
export async function examineKafka(cluster: Cluster): Promise<Finding[]> {
  const connections = cluster.connections()
  try {
    await cluster.refresh()
    const brokers = await describeBrokers(cluster)
    const findings = await Promise.all(
      brokers.map(async ({ nodeId, host, port, isUp }): Promise<Finding[]> => {
        if (isUp) {
          const entries = await describeBrokerConfigs(connections, nodeId)
          return checkBroker({ nodeId, address: `${host}:${port}`, entries }, brokers.length)
        }
        const advice =
          'Start it, or take it out of the cluster: kafka-cluster unregister. See `smsgw under-replicated`.'
        return [{ of: `kafka ${nodeId}`, level: 'fault', what: `is unavailable (${host}:${port})`, advice }]
      }),
    )
    return findings.flat()
  } finally {
    await connections.close()
  }
}

/** Examines the topics: whether they are as declared, and whole. */
export async function examineTopics(cluster: Cluster, declared: readonly DeclaredTopic[]): Promise<Finding[]> {
  const of = 'topics'
  const { plan, refusals } = await makePlan(cluster, declared, { prune: false, owns: null })
  const findings: Finding[] = [
    ...plan.changes.map((change): Finding => {
      return {
        of,
        level: 'warning',
        what: describeChange(change),
        advice: 'Look at it and apply it: smsgw topics plan',
      }
    }),
    ...refusals.map(
      ({ topic, why, next }): Finding => ({ of, level: 'fault', what: `${topic}: ${why}`, advice: next }),
    ),
  ]
  const lacking = await findUnderReplicated(cluster)
  if (lacking.length > 0) {
    const stopped = lacking.filter(({ state }) => state === 'offline' || state === 'below-min-isr').length
    const what = `${lacking.length} partitions lack replicas; ${stopped} of them take no writes`
    findings.push({ of, level: 'fault', what, advice: 'See which: smsgw under-replicated' })
  }
  if (findings.length > 0) return findings
  return [
    { of, level: 'ok', what: `${declared.length} topics are as declared, and every replica is in sync`, advice: '' },
  ]
}

/** Examines PostgreSQL. */
export async function examineDatabase(pool: Pool, connectionsNeeded: number): Promise<Finding[]> {
  const facts = await readDatabaseFacts(pool)
  const version: Finding = {
    of: 'versions',
    level: 'ok',
    what: `PostgreSQL ${facts.settings.get('server_version')}`,
    advice: '',
  }
  return [version, ...checkDatabase(facts, connectionsNeeded)]
}

/** Examines what PostgreSQL keeps beyond its retention. */
export async function examineRetention(pool: Pool, settings: RetentionSettings): Promise<Finding[]> {
  const tables = PARTITIONED_TABLES.map(({ name }) => name)
  const partitions = await listPartitions(pool, tables)
  const { rows: held } = await pool.query<RetentionFacts['held'][number]>(readHeld())
  return checkRetention({ partitions, held, nowMs: await readDatabaseMs(pool) }, settings)
}
