/*
  The payloads that members of a classic consumer group exchange through JoinGroup and SyncGroup
  (Kafka sources: ConsumerProtocolSubscription.json and ConsumerProtocolAssignment.json), so that Kafka's own tools
  can describe our groups:
    Subscription (Version: 2) => version topics user_data owned_partitions generation_id
      topics => [STRING]   user_data => NULLABLE_BYTES   owned_partitions => [topic [partition]]   generation_id => INT32
    Assignment (Version: 0) => version assigned_partitions user_data
      assigned_partitions => [topic [partition]]
*/
const SUBSCRIPTION_VERSION = 2

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface Subscription {
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
  /** Generation in which `owned` was assigned; -1 when unknown. A claim from an older one is worth less. */
  readonly generationId: number
}

export function encodeSubscription(subscription: Subscription): Buffer {
  const writer = new ByteWriter()
  writer.int16(SUBSCRIPTION_VERSION)
  writer.int32(subscription.topics.length)
  for (const topic of subscription.topics) writer.string(topic)
  writer.int32(-1)
  writePartitions(writer, subscription.owned)
  writer.int32(subscription.generationId)
  return writer.toBuffer()
}

/** Reads any version; what an older one lacks is empty. */
export function decodeSubscription(bytes: Buffer): Subscription {
  const reader = new ByteReader(bytes)
  const version = reader.int16()
  const topics: string[] = []
  for (let left = reader.int32(); left > 0; left--) topics.push(reader.string())
  reader.skipBytes()
  const owned = version >= 1 ? readPartitions(reader) : []
  return { topics, owned, generationId: version >= 2 ? reader.int32() : -1 }
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const writer = new ByteWriter()
  writer.int16(0)
  writePartitions(writer, partitions)
  writer.int32(-1)
  return writer.toBuffer()
}

/** An empty payload, which a broker may hand to a member without work, is an empty assignment. */
export function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = new ByteReader(bytes)
  reader.int16()
  return readPartitions(reader)
}

function writePartitions(writer: ByteWriter, partitions: readonly TopicPartition[]): void {
  const byTopic = Map.groupBy(partitions, (each) => each.topic)
  writer.int32(byTopic.size)
  for (const [topic, members] of byTopic) {
    writer.string(topic)
    writer.int32(members.length)
    for (const { partition } of members) writer.int32(partition)
  }
}

function readPartitions(reader: ByteReader): TopicPartition[] {
  const partitions: TopicPartition[] = []
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.string()
    for (let left = reader.int32(); left > 0; left--) partitions.push({ topic, partition: reader.int32() })
  }
  return partitions
}

class ByteWriter {
  readonly #parts: Buffer[] = []

  int16(value: number): void {
    const bytes = Buffer.allocUnsafe(2)
    bytes.writeInt16BE(value)
    this.#parts.push(bytes)
  }

  int32(value: number): void {
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeInt32BE(value)
    this.#parts.push(bytes)
  }

  string(value: string): void {
    const bytes = Buffer.from(value)
    this.int16(bytes.length)
    this.#parts.push(bytes)
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int16(): number {
    this.#at += 2
    return this.#bytes.readInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  string(): string {
    const length = this.int16()
    this.#at += length
    return this.#bytes.toString('utf8', this.#at - length, this.#at)
  }

  skipBytes(): void {
    // Not in one statement: `+=` takes the old position before the length is read.
    const length = this.int32()
    this.#at += Math.max(0, length)
  }
}
