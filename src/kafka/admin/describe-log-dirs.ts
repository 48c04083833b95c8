import { describeLogDirsV4 } from '@platformatic/kafka'
import { callBroker } from '../cluster/call-broker.ts'
import type { BrokerConnections, Cluster } from '../cluster/cluster.ts'

/** The volume that one of a broker's folders of logs lies on. */
export interface LogDir {
  readonly nodeId: number
  readonly path: string
  /** False when the broker has taken it out of use because it failed. */
  readonly isOnline: boolean
  readonly totalBytes: number
  readonly usableBytes: number
}

/** The folders of all brokers that answer; none of an unavailable broker. */
export async function describeLogDirs(cluster: Cluster, connections: BrokerConnections): Promise<LogDir[]> {
  const answers = await Promise.allSettled(
    cluster.brokerIds.map(async (nodeId) => {
      const connection = await connections.to(nodeId)
      const response: describeLogDirsV4.DescribeLogDirsResponse = await callBroker(
        connection,
        describeLogDirsV4.api,
        [],
      )
      return response.results.map(({ errorCode, logDir, totalBytes, usableBytes }) => ({
        nodeId,
        path: logDir,
        isOnline: errorCode === 0,
        totalBytes: Number(totalBytes),
        usableBytes: Number(usableBytes),
      }))
    }),
  )
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
}
