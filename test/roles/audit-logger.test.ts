import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { listAuditFiles } from '../../src/audit/audit-files.ts'
import { AuditLogger } from '../../src/audit/audit-logger.ts'
import { auditSettings } from '../../src/audit/config.ts'
import { verifyAuditLog } from '../../src/audit/verify-log.ts'
import { GROUPS, TOPICS } from '../../src/events/topics.ts'
import { createTopics } from '../../src/kafka/admin/create-topics.ts'
import { deleteTopic } from '../../src/kafka/admin/delete-topic.ts'
import { PRODUCE_API_KEY } from '../../src/kafka/wire/produce-v9.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { eventually } from '../gateway/eventually.ts'
import { readEntries } from '../gateway/read-entries.ts'
import type { MemoryKafka } from '../kafka-in-memory/memory-kafka.ts'
import { readTopic } from '../servers/read-topic.ts'
import { gatewayKafka, roleProcess, startRole } from './role-process.ts'
import { scriptedPool } from './scripted-pool.ts'

const OFFSET_COMMIT_API_KEY = 8
const RECORDS = 200

/** A folder for the log, and a table of anchors. */
function auditParts() {
  const folder = mkdtempSync(join(tmpdir(), 'smsgw-audit-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const settings = readSettings(auditSettings, {
    AUDIT_FOLDER: join(folder, 'log'),
    AUDIT_KEY_FILE: join(folder, 'key.pem'),
    AUDIT_ANCHOR_SECONDS: '1',
    AUDIT_RETENTION_DAYS: '0',
  })
  const anchors: string[] = []
  const pool = scriptedPool({
    'audit-anchor-next': () => [{ serial: anchors.length + 1 }],
    'audit-anchor-last': () => anchors.slice(-1).map((record) => ({ record })),
    'audit-anchor-store': (values) => {
      anchors.push(String(values[4]))
      return [{}]
    },
  })
  const placesInLog = async (): Promise<string[]> => {
    const places: string[] = []
    for (const file of listAuditFiles(settings.AUDIT_FOLDER)) {
      for await (const { topic, partition, offset } of readEntries(file))
        places.push(`${topic}[${partition}]@${offset}`)
    }
    return places
  }
  return { settings, pool, anchors, placesInLog }
}

async function startLogger(kafka: MemoryKafka, { settings, pool }: ReturnType<typeof auditParts>) {
  const process = await roleProcess(kafka)
  const clock = { nowMs: () => Date.now() }
  return { ...process, logger: await startRole(new AuditLogger({ ...process, settings, pool, clock })) }
}

/** As many records on each of the two busiest topics. */
async function sendAll({ send }: Awaited<ReturnType<typeof gatewayKafka>>): Promise<void> {
  const records = Array.from({ length: RECORDS }, (_, n) => ({ key: `k${n}`, value: '{}' }))
  await Promise.all([TOPICS.accepted, TOPICS.status].map((topic) => send(topic, records)))
}

test('a process that dies behind its last commit: the next one misses no record and writes none twice, and the chain holds', async () => {
  const gateway = await gatewayKafka(3)
  const parts = auditParts()
  const first = await startLogger(gateway.kafka, parts)
  first.cluster.fateOf = (apiKey) => (apiKey === OFFSET_COMMIT_API_KEY ? 'request lost' : 'answered')
  await sendAll(gateway)
  await eventually(
    'all records are in the log',
    async () => (await parts.placesInLog()).length,
    (lines) => lines === 2 * RECORDS,
  )
  await first.cluster.close()
  await first.logger.stop()
  expect(await gateway.committed('audit')).toBe(0)
  await startLogger(gateway.kafka, parts)
  await sendAll(gateway)
  await eventually(
    'all records are committed',
    () => gateway.committed('audit'),
    (count) => count === 4 * RECORDS,
  )
  const places = await parts.placesInLog()
  expect(places).toHaveLength(4 * RECORDS)
  expect(new Set(places).size).toBe(4 * RECORDS)
  expect(await verifyAuditLog(parts.settings.AUDIT_FOLDER)).toMatchObject({ entries: 4 * RECORDS, fault: null })
})

test('a group that loses its members: the logger joins again, writes what comes, and nothing twice', async () => {
  const gateway = await gatewayKafka()
  const parts = auditParts()
  await startLogger(gateway.kafka, parts)
  await sendAll(gateway)
  await eventually(
    'all records are committed',
    () => gateway.committed('audit'),
    (count) => count === 2 * RECORDS,
  )
  gateway.kafka.expelMembers(GROUPS.audit)
  await gateway.send(TOPICS.acts, [{ key: 'k', value: '{}' }])
  await eventually(
    'the record behind is written',
    async () => (await parts.placesInLog()).at(-1),
    (place) => place === `${TOPICS.acts}[0]@0`,
  )
  expect(await parts.placesInLog()).toHaveLength(2 * RECORDS + 1)
})

test('Kafka gets each anchor that PostgreSQL has, in order and once, also where it did not answer at first', async () => {
  const gateway = await gatewayKafka()
  const parts = auditParts()
  const { cluster, logger } = await startLogger(gateway.kafka, parts)
  const fates = ['request lost', 'answer lost', 'answer lost'] as const
  let produced = 0
  cluster.fateOf = (apiKey) => (apiKey === PRODUCE_API_KEY ? (fates[produced++] ?? 'answered') : 'answered')
  await sendAll(gateway)
  await eventually(
    'an anchor is stored, and its publishing was tried',
    () => [parts.anchors.length, produced],
    ([anchors, tries]) => anchors! > 0 && tries! >= fates.length,
  )
  await sendAll(gateway)
  await eventually(
    'all records are committed',
    () => gateway.committed('audit'),
    (count) => count === 4 * RECORDS,
  )
  await logger.stop()
  const published = await readTopic(gateway.cluster, TOPICS.anchors)
  expect(parts.anchors.length).toBeGreaterThan(1)
  expect(published.map(({ value }) => value!.toString())).toEqual(parts.anchors)
})

test('a topic that is created anew counts its offsets again: its records are written, and none of them twice', async () => {
  const gateway = await gatewayKafka()
  const parts = auditParts()
  const first = await startLogger(gateway.kafka, parts)
  const send = (count: number) =>
    gateway.send(
      TOPICS.acts,
      Array.from({ length: count }, () => ({ key: 'k', value: '{}' })),
    )
  const untilWritten = (lines: number) =>
    eventually(
      `${lines} acts are written`,
      async () => (await parts.placesInLog()).length,
      (count) => count === lines,
    )
  await send(3)
  await untilWritten(3)
  await deleteTopic(gateway.cluster, TOPICS.acts)
  await createTopics(gateway.cluster, [{ name: TOPICS.acts, partitions: 1, replicationFactor: 1 }])
  await gateway.cluster.refresh()
  await send(2)
  await untilWritten(5)
  // The next process is handed the new topic's records again.
  first.cluster.fateOf = (apiKey) => (apiKey === OFFSET_COMMIT_API_KEY ? 'request lost' : 'answered')
  await send(1)
  await untilWritten(6)
  await first.cluster.close()
  await first.logger.stop()
  await startLogger(gateway.kafka, parts)
  await send(1)
  await untilWritten(7)
  const offsets = (await parts.placesInLog()).map((place) => Number(place.split('@')[1]))
  expect(offsets).toEqual([0, 1, 2, 0, 1, 2, 3])
})
