import { existsSync } from 'node:fs'
import { listAuditFiles } from '../../../src/audit/audit-files.ts'
import { verifyAuditLog } from '../../../src/audit/verify-log.ts'
import type { ClickHouse } from '../../../src/clickhouse/clickhouse-client.ts'
import { GROUPS } from '../../../src/events/topics.ts'
import type { Cluster } from '../../../src/kafka/cluster/cluster.ts'
import type { Pool } from '../../../src/postgres/pool.ts'
import { readLedger } from '../../../src/simulator/submission-ledger.ts'
import { readEntries } from '../../gateway/read-entries.ts'
import { readLag } from '../../gateway/read-lag.ts'
import type { PlantedRecord } from '../faults/fault.ts'
import { readAcceptanceLog } from '../load/acceptance-log.ts'
import { readWebhooks } from '../load/webhook-sink.ts'
import type { AuditLogFacts, CommitFacts, Facts, Submit } from './facts.ts'
import { readAnalytics } from './read-analytics.ts'
import { readCommitHistory } from './read-commit-history.ts'
import { readDatabase } from './read-database.ts'
import { readTopicRecords } from './read-topic-records.ts'
import { type Canary, scanLogs } from './scan-logs.ts'

/** Where everything is. */
export interface Sources {
  readonly clientLog: string
  readonly ledger: string
  readonly webhookLog: string
  readonly auditFolder: string
  /** Searched for log files. */
  readonly folder: string
  readonly pool: Pool
  readonly cluster: Cluster
  readonly clickhouse: ClickHouse | null
  readonly watched: CommitFacts
  readonly planted: readonly PlantedRecord[]
  readonly canaries: readonly Canary[]
}

export async function collectFacts(sources: Sources): Promise<Facts> {
  const { cluster } = sources
  const connections = cluster.connections(30_000)
  const groups = new Set<string>(Object.values(GROUPS))
  try {
    return {
      client: await readAcceptanceLog(sources.clientLog),
      ...(await readDatabase(sources.pool)),
      topics: {
        accepted: await readTopicRecords(cluster, 'sms.accepted'),
        delivery: await readTopicRecords(cluster, 'sms.delivery'),
        status: await readTopicRecords(cluster, 'sms.status'),
        deadLetters: await readTopicRecords(cluster, 'sms.dlq'),
      },
      submits: await readSubmits(sources.ledger),
      webhooks: await readWebhooks(sources.webhookLog),
      analytics: sources.clickhouse && (await readAnalytics(sources.clickhouse)),
      auditLog: await readAuditLog(sources.auditFolder),
      lags: (await readLag(cluster, connections)).filter(({ group }) => groups.has(group)),
      commits: { watched: sources.watched, history: await readCommitHistory(cluster, groups) },
      planted: sources.planted,
      leaks: await scanLogs(sources.folder, sources.canaries),
    }
  } finally {
    await connections.close()
  }
}

async function readSubmits(path: string): Promise<Submit[]> {
  const submits: Submit[] = []
  for await (const entry of readLedger(path)) {
    if (entry.kind !== 'submit') continue
    const { ref, part, parts, to, text_sha256, result } = entry
    submits.push({ ref: ref ?? 'nobody', part, parts, phone: to, textSha256: text_sha256, result })
  }
  return submits
}

async function readAuditLog(folder: string): Promise<AuditLogFacts> {
  const entries = new Map<string, string | null>()
  if (!existsSync(folder)) return { fault: 'there is no audit log', entries }
  const { fault } = await verifyAuditLog(folder)
  for (const file of listAuditFiles(folder)) {
    for await (const { topic, partition, offset, value_sha256: digest } of readEntries(file)) {
      entries.set(`${topic}[${partition}]@${offset}`, digest && Buffer.from(digest, 'base64url').toString('hex'))
    }
  }
  return { fault: fault && `${fault.file}:${fault.line} ${fault.what}`, entries }
}
