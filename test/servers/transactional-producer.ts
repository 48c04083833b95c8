import { endTxnV3, findCoordinatorV4, initProducerIdV4, type Reader, Writer } from '@platformatic/kafka'
import { callBroker, sendToBroker } from '../../src/kafka/cluster/call-broker.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { PRODUCE_API_KEY, PRODUCE_VERSION, parseProduceResponse } from '../../src/kafka/wire/produce-v9.ts'
import { type ProducerStamp, RecordBatchBuilder, stampBatch } from '../../src/kafka/wire/record-batch-encode.ts'
import { eventually } from '../gateway/eventually.ts'
import { uniqueName } from './fixtures.ts'

/*
  AddPartitionsToTxn Request (Version: 3) => transactional_id producer_id producer_epoch [topics] TAG_BUFFER
    topics => name [partitions] TAG_BUFFER
  AddPartitionsToTxn Response (Version: 3) => throttle_time_ms [results] TAG_BUFFER
    results => name [partition error_code TAG_BUFFER] TAG_BUFFER
*/
const ADD_PARTITIONS_API_KEY = 24
const ADD_PARTITIONS_VERSION = 3
const TRANSACTION_COORDINATOR = 1
const TRANSACTIONAL_BIT = 0b10000
const TIMEOUT_MS = 60_000

const NO_STAMP: ProducerStamp = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }

/** Writes a batch of values, or bytes that are one already, and returns the code that the broker answers. */
export async function produceBatch(
  cluster: Cluster,
  topic: string,
  batch: readonly string[] | Buffer,
  transaction: { readonly id: string; readonly stamp: ProducerStamp } | null = null,
): Promise<number> {
  const bytes = Buffer.isBuffer(batch) ? batch : encodeBatch(topic, batch, transaction?.stamp ?? null)
  const encode = (): Writer =>
    Writer.create()
      .appendString(transaction?.id ?? null)
      .appendInt16(-1)
      .appendInt32(TIMEOUT_MS)
      .appendUnsignedVarInt(2)
      .appendString(topic)
      .appendUnsignedVarInt(2)
      .appendInt32(0)
      .appendUnsignedVarInt(bytes.length + 1)
      .append(bytes)
      .appendTaggedFields()
      .appendTaggedFields()
      .appendTaggedFields()
  const connections = cluster.connections()
  try {
    await cluster.watch([topic])
    const connection = await connections.to(cluster.leaderOf(topic, 0)!)
    const results = await sendToBroker(connection, PRODUCE_API_KEY, PRODUCE_VERSION, encode, parseProduceResponse)
    return results[0]!.code
  } finally {
    await connections.close()
  }
}

function encodeBatch(topic: string, values: readonly string[], stamp: ProducerStamp | null): Buffer {
  const builder = new RecordBatchBuilder()
  for (const value of values) builder.append({ topic, key: null, value }, Date.now())
  const sealed = builder.seal('none')
  return stampBatch({ ...sealed, attributes: stamp ? TRANSACTIONAL_BIT : 0 }, stamp ?? NO_STAMP)
}

/** Begins a transaction with a batch of values in partition 0 of a topic, and says how it ends. */
export async function beginTransaction(cluster: Cluster, topic: string, values: readonly string[]) {
  const id = uniqueName('transaction')
  const connections = cluster.connections()
  await cluster.refresh()
  const node = await eventually(
    'the transaction coordinator is known',
    async () => {
      const answer: findCoordinatorV4.FindCoordinatorResponse = await callBroker(
        await cluster.anyConnection(),
        findCoordinatorV4.api,
        TRANSACTION_COORDINATOR,
        [id],
      )
      return answer.coordinators[0]!
    },
    ({ errorCode }) => errorCode === 0,
  )
  const connection = await connections.to(node.nodeId)
  const identity: initProducerIdV4.InitProducerIdResponse = await eventually(
    'the producer has its id',
    () => callBroker(connection, initProducerIdV4.api, id, TIMEOUT_MS, -1n, -1),
    (answer: initProducerIdV4.InitProducerIdResponse) => answer.errorCode === 0,
  )
  const { producerId, producerEpoch } = identity
  const add = (): Writer =>
    Writer.create()
      .appendString(id)
      .appendInt64(producerId)
      .appendInt16(producerEpoch)
      .appendUnsignedVarInt(2)
      .appendString(topic)
      .appendUnsignedVarInt(2)
      .appendInt32(0)
      .appendTaggedFields()
      .appendTaggedFields()
  await eventually(
    'the partition is part of the transaction',
    () => sendToBroker(connection, ADD_PARTITIONS_API_KEY, ADD_PARTITIONS_VERSION, add, readFirstCode),
    (code) => code === 0,
  )
  const stamp = { producerId, producerEpoch, baseSequence: 0 }
  const code = await produceBatch(cluster, topic, values, { id, stamp })
  if (code !== 0) throw new Error(`the transaction's batch was answered ${code}`)
  return {
    /** Resolves when the coordinator has taken it; the marker follows. */
    async end(isCommitted: boolean): Promise<void> {
      const answer: endTxnV3.EndTxnResponse = await callBroker(
        connection,
        endTxnV3.api,
        id,
        producerId,
        producerEpoch,
        isCommitted,
      )
      await connections.close()
      if (answer.errorCode !== 0) throw new Error(`the end of the transaction was answered ${answer.errorCode}`)
    },
  }
}

function readFirstCode(_correlation: number, _key: number, _version: number, reader: Reader): number {
  reader.readInt32()
  reader.readUnsignedVarInt()
  reader.readString()
  reader.readUnsignedVarInt()
  reader.readInt32()
  return reader.readInt16()
}
