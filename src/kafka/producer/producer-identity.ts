import { initProducerIdV4 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../errors.ts'

/** Under which a broker counts a producer's batches, partition by partition. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** What a producer that is not idempotent writes instead. */
export const NO_IDENTITY: ProducerIdentity = { producerId: -1n, producerEpoch: -1 }

/** Sequences wrap to 0 behind 2^31 - 1 (Kafka's `DefaultRecordBatch.incrementSequence`). */
export function advanceSequence(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31
}

/**
 * Asks a broker for a fresh producer id. A new id, rather than a raised epoch, because only transactional producers
 * may ask for a raise; both let the sequences of every partition start again at 0.
 * Throws KafkaError or KafkaUnreachableError.
 */
export async function requestIdentity(cluster: Cluster): Promise<ProducerIdentity> {
  const connection = await cluster.anyConnection()
  const answer: initProducerIdV4.InitProducerIdResponse = await callBroker(
    connection,
    initProducerIdV4.api,
    null,
    60_000,
    -1n,
    -1,
  )
  if (answer.errorCode !== 0) throw new KafkaError(answer.errorCode, 'asking for a producer id')
  return { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
}
