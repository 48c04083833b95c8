import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { Consumer } from '../../src/kafka/consumer/consumer.ts'
import { consumerOptions } from '../../src/kafka/consumer/consumer-options.ts'
import { inLanes } from '../../src/kafka/consumer/handling.ts'
import { DONE } from '../../src/kafka/consumer/outcome.ts'

// A member of a group in a process of its own, to be stopped (SIGSTOP) and woken: brokers, topic and group are its
// arguments. Writes the offset of each record that it begins, and `lost` when it notices that it was.
const [brokers, topic, groupId] = process.argv.slice(2) as [string, string, string]
const cluster = new Cluster({ brokers: brokers.split(','), clientId: 'frozen' })
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const consumer = new Consumer(
  cluster,
  consumerOptions(
    { groupId, topics: [topic] },
    { sessionTimeoutMs: 6_000, heartbeatMs: 500, commitIntervalMs: 1_500, fetchBytesMin: 1 },
  ),
  inLanes({
    concurrencyMax: 4,
    handle: async (record) => {
      print(`began ${record.offset}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
      return DONE
    },
  }),
  { lost: () => print('lost'), rebalanced: (_generation, owned) => print(`owns ${owned}`) },
)
process.on('disconnect', () => process.exit())
await consumer.start()
