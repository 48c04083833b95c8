import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Reader, Writer } from '@platformatic/kafka'
import { createPartitions, createTopics, deleteRecords, deleteTopics } from './answers/change-topics.ts'
import { commitOffsets, fetchOffsets } from './answers/committed-offsets.ts'
import { fetch } from './answers/fetch.ts'
import { heartbeat, joinGroup, leaveGroup, syncGroup } from './answers/group-membership.ts'
import { listOffsets } from './answers/list-offsets.ts'
import { findCoordinator, initProducerId, metadata } from './answers/metadata.ts'
import { produce } from './answers/produce.ts'
import { BrokerState, type RequestKind } from './broker-state.ts'

const LENGTH_BYTES = 4

const KINDS: ReadonlyMap<string, RequestKind> = new Map(
  [
    ...[metadata, findCoordinator, initProducerId, produce, fetch, listOffsets],
    ...[joinGroup, syncGroup, heartbeat, leaveGroup, commitOffsets, fetchOffsets],
    ...[createTopics, createPartitions, deleteTopics, deleteRecords],
  ].map((kind) => [nameOf(kind.key, kind.version), kind]),
)

/**
 * A Kafka cluster of one broker in this process, for tests: its clients are the real `Cluster`, `Producer` and
 * `Consumer`, which speak Kafka's protocol with it over a socket of this machine. It has what they use (see the folder
 * `answers`), and no more: no replicas, no transactions, no security, and nothing of it outlives `stop`.
 */
export class MemoryKafka {
  readonly #server: Server
  readonly #state = new BrokerState()
  readonly #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(): Promise<MemoryKafka> {
    const kafka = new MemoryKafka()
    kafka.#server.listen(0, '127.0.0.1')
    await once(kafka.#server, 'listening')
    kafka.#state.port = (kafka.#server.address() as AddressInfo).port
    return kafka
  }

  /** `host:port`, as clients take it. */
  get brokers(): string {
    return `127.0.0.1:${this.#state.port}`
  }

  /** The end of a partition is lost, as by an unclean election of its leader. */
  loseFrom(topic: string, partition: number, offset: number): void {
    this.#state.topics.partition(topic, partition)!.loseFrom(offset)
  }

  /** The members of a group lose their partitions, as when a coordinator has lost its log. What is committed stays. */
  expelMembers(groupId: string): void {
    this.#state.group(groupId).expelAll()
  }

  /** Breaks all connections off. */
  async stop(): Promise<void> {
    this.#state.close()
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** As a broker does, answers the requests of a connection one after another. */
  #serve(socket: Socket): void {
    let received = Buffer.alloc(0)
    let answering = Promise.resolve()
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    // A client that breaks off is its own business; a request that cannot be answered ends the connection below.
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= LENGTH_BYTES && received.length >= LENGTH_BYTES + received.readInt32BE()) {
        const end = LENGTH_BYTES + received.readInt32BE()
        const request = received.subarray(LENGTH_BYTES, end)
        received = received.subarray(end)
        answering = answering
          .then(() => this.#answer(request))
          .then((answer) => void socket.write(answer))
          .catch((error: Error) => void socket.destroy(error))
      }
    })
  }

  async #answer(bytes: Buffer): Promise<Buffer> {
    const request = Reader.from(bytes)
    const key = request.readInt16()
    const version = request.readInt16()
    const correlationId = request.readInt32()
    const clientId = request.readNullableString(false) ?? ''
    request.readTaggedFields()
    const kind = KINDS.get(nameOf(key, version))
    if (!kind) throw new Error(`the broker in memory does not answer requests of ${nameOf(key, version)}`)
    const body = await kind.answer(request, { broker: this.#state, clientId })
    return Writer.create().appendInt32(correlationId).appendTaggedFields().appendFrom(body).prependLength().buffer
  }
}

function nameOf(key: number, version: number): string {
  return `kind ${key}, version ${version}`
}
