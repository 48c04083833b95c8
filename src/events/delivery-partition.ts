import { partitionOfKey } from '../kafka/wire/murmur2.ts'
import type { ProducerRecord } from '../kafka/wire/record-batch-encode.ts'
import { TOPICS } from './topics.ts'

/** Messages of this priority are express. */
export const EXPRESS_PRIORITY = 3

/** How the partitions of `sms.delivery` are divided. */
export interface DeliveryLayout {
  readonly partitions: number
  /** So many of the last partitions are for express messages alone; 0 for none. */
  readonly expressPartitions: number
}

/** How many partitions are express; at least one is left for all else. */
export function expressCount({ partitions, expressPartitions }: DeliveryLayout): number {
  return Math.max(0, Math.min(expressPartitions, partitions - 1))
}

/**
 * The partition of a task: by its key's murmur2, as any client chooses one, among the last partitions if the message is
 * express and else among those before. Producers of tasks, and searches for them, use this.
 */
export function deliveryPartition(key: string | Buffer, priority: number, layout: DeliveryLayout): number {
  const express = expressCount(layout)
  const ordinary = layout.partitions - express
  if (express === 0 || priority < EXPRESS_PRIORITY) return partitionOfKey(key, ordinary)
  return ordinary + partitionOfKey(key, express)
}

/** A record as it is to be written: a task with its partition, any other record as it is. */
export function placeTask(record: ProducerRecord, layout: DeliveryLayout): ProducerRecord {
  if (record.topic !== TOPICS.delivery || record.key === null || layout.partitions === 0) return record
  return { ...record, partition: deliveryPartition(record.key, priorityOf(record.value), layout) }
}

/** 0 for what is no task: it goes where its key says. */
function priorityOf(value: string | Buffer | null): number {
  try {
    const { priority } = JSON.parse(value?.toString() ?? '') as { priority?: unknown }
    return typeof priority === 'number' ? priority : 0
  } catch {
    return 0
  }
}
