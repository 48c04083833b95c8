import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { KafkaCluster } from '../../src/embedded/kafka/kafka-cluster.ts'

const run = promisify(execFile)

/** A partition as Kafka's own `kafka-topics` describes it. */
export interface JavaPartition {
  readonly topic: string
  readonly partition: number
  readonly leader: number
  readonly replicas: number[]
  readonly inSync: number[]
}

/** Runs `kafka-topics --describe` and reads the lines of its partitions. */
export async function describeByJava(kafka: KafkaCluster, ...args: string[]): Promise<JavaPartition[]> {
  const command = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', kafka.classPath, 'org.apache.kafka.tools.TopicCommand']
  const { stdout } = await run('java', [...command, '--bootstrap-server', kafka.brokers, '--describe', ...args])
  return stdout.split('\n').flatMap((line) => {
    const found =
      /Topic: (\S+)\s+Partition: (\d+)\s+Leader: (\S+)\s+Replicas: ([\d,]+)\s+Isr: ([\d,]*)/.exec(line)?.slice(1) ?? []
    const [topic, partition, leader, replicas, inSync] = found
    if (topic === undefined) return []
    const ids = (list: string): number[] => (list === '' ? [] : list.split(',').map(Number))
    return [
      { topic, partition: Number(partition), leader: Number(leader), replicas: ids(replicas!), inSync: ids(inSync!) },
    ]
  })
}
