import { createConnection } from 'node:net'
import { lastWords } from '../last-words.ts'
import { EnvironmentError } from '../progress.ts'
import { type RestartableServer, untilStarted } from '../restartable-server.ts'
import type { KafkaCluster } from './kafka-cluster.ts'

const READY_PROBE_MS = 2_000
/**
 * ApiVersions, version 0, of a client named `up`: the one request that a broker answers before a login, and only when
 * it handles requests. Length, API key 18, version, correlation id, client id.
 */
const API_VERSIONS = Buffer.from([0, 0, 0, 12, 0, 18, 0, 0, 0, 0, 0, 1, 0, 2, 0x75, 0x70])

/** One broker of an embedded cluster, to be watched by itself. */
export function restartableNode(cluster: KafkaCluster, nodeId: number): RestartableServer {
  const { folder, logFile, clientPort } = cluster.placeOf(nodeId)
  const node = () => cluster.node(nodeId)!
  return {
    name: cluster.nodeIds.length === 1 ? 'Kafka' : `Kafka broker ${nodeId}`,
    whileDown:
      cluster.nodeIds.length === 1
        ? 'posts are accepted, and messages wait in PostgreSQL'
        : 'the other brokers take over its partitions',
    folder,
    logFile,
    get pid() {
      return node().pid
    },
    get exited() {
      return node().exited
    },
    probe: (timeoutMs) => askVersions(clientPort, timeoutMs),
    kill: () => node().kill(),
    restart: async (stopping) => {
      await cluster.startNode(nodeId)
      try {
        const attempt = (): Promise<void> => askVersions(clientPort, READY_PROBE_MS)
        await untilStarted({ hasExited: () => node().hasExited, attempt, stopping })
      } catch (error) {
        await node().stop()
        throw new EnvironmentError(`Kafka ${(error as Error).message}: ${lastWords(logFile)}`, `Its log is ${logFile}.`)
      }
    },
    stop: () => node().stop(),
  }
}

function askVersions(port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    const settle = (error?: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    const timer = setTimeout(() => settle(new Error(`the broker does not answer in ${timeoutMs} ms`)), timeoutMs)
    socket.on('error', settle)
    socket.on('close', () => settle(new Error('the broker closed the connection')))
    socket.once('data', () => settle())
    socket.write(API_VERSIONS)
  })
}
