import { hash } from 'node:crypto'
import type { Cluster } from '../../../src/kafka/cluster/cluster.ts'
import { type ConsumedRecord, headerOf } from '../../../src/kafka/wire/consumed-record.ts'
import type { TopicRecord } from './facts.ts'
import { readLog } from './read-log.ts'

/** The fields that rules look at; the rest would only take memory. */
const FIELDS = [
  'sms_id',
  'status',
  'original_topic',
  'original_partition',
  'original_offset',
  'consumer_group',
  'reason',
] as const

/** All records of a topic of events. */
export async function readTopicRecords(cluster: Cluster, topic: string): Promise<TopicRecord[]> {
  const records: TopicRecord[] = []
  await readLog(cluster, topic, (record) => records.push(toTopicRecord(record)))
  return records
}

function toTopicRecord(record: ConsumedRecord): TopicRecord {
  const { topic, partition, offset, value } = record
  return {
    topic,
    partition,
    offset,
    eventId: headerOf(record, 'ce_id') ?? null,
    valueSha256: value && hash('sha256', value),
    event: parse(value),
  }
}

function parse(value: Buffer | null): TopicRecord['event'] {
  try {
    const event = JSON.parse(value?.toString() ?? '') as Record<string, unknown>
    return Object.fromEntries(FIELDS.filter((field) => field in event).map((field) => [field, event[field]]))
  } catch {
    return null
  }
}
