import { join } from 'node:path'
import { readAnchors } from '../../audit/anchor-store.ts'
import { readArchivedAnchors } from '../../audit/archive-days.ts'
import type { AnchorSource } from '../../audit/judge-anchors.ts'
import { TOPICS } from '../../events/topics.ts'
import { readRange } from '../../kafka/admin/read-range.ts'
import type { Cluster } from '../../kafka/cluster/cluster.ts'
import { EARLIEST, LATEST, listOffsets } from '../../kafka/consumer/fetch/list-offsets.ts'
import { explainError } from '../explain-error.ts'
import { withCluster, withDatabase } from '../find-servers.ts'

/** The data folder's, unless the environment names others. */
export const auditFolder = (): string => process.env.AUDIT_FOLDER || join(dataFolder(), 'audit')
export const auditKeyFile = (): string => process.env.AUDIT_KEY_FILE || join(dataFolder(), 'audit-key.pem')

const dataFolder = (): string => process.env.SMSGW_DATA || '.smsgw'

/** Anchors of each place that can be read, and why others cannot. */
export async function readAnchorSources(
  archive: string | null,
): Promise<{ sources: AnchorSource[]; notices: string[] }> {
  const sources: AnchorSource[] = []
  const notices: string[] = []
  const read = async (name: string, texts: () => Promise<string[]>): Promise<void> => {
    try {
      sources.push({ name, isWhole: true, texts: await texts() })
    } catch (error) {
      notices.push(`no anchors from ${name}: ${explainError(error) ?? (error as Error).message}`)
    }
  }
  await read('PostgreSQL', () => withDatabase(readAnchors))
  await read('Kafka', () => withCluster(readPublishedAnchors))
  if (archive !== null) sources.push({ name: archive, isWhole: false, texts: await readArchivedAnchors(archive) })
  return { sources, notices }
}

/** The texts of all anchors in Kafka. */
async function readPublishedAnchors(cluster: Cluster): Promise<string[]> {
  const topic = TOPICS.anchors
  await cluster.watch([topic])
  const partitions = (cluster.topic(topic)?.partitions ?? []).map(({ partition }) => ({ topic, partition }))
  if (partitions.length === 0) throw new Error(`there is no topic ${topic}`)
  const connections = cluster.connections()
  const [firsts, ends] = await Promise.all(
    [EARLIEST, LATEST].map((at) => listOffsets(cluster, connections, partitions, at)),
  )
  const texts: string[] = []
  for (const { partition, offset: first } of firsts!) {
    const end = ends!.find((each) => each.partition === partition)!.offset
    for await (const records of readRange(cluster, connections, { topic, partition, first, end })) {
      for (const { value } of records) texts.push(value?.toString() ?? '')
    }
  }
  return texts
}
