/** What differs between brokers of an embedded cluster. */
export interface BrokerPorts {
  readonly nodeId: number
  readonly clientPort: number
  readonly controllerPort: number
}

const HOST = '127.0.0.1'

/**
 * The `server.properties` of one broker of an embedded KRaft cluster; every node is a broker and a controller.
 * What is not named here is Kafka's default. Topics are created from `config/topics.yaml` alone.
 */
export function brokerProperties(self: BrokerPorts, all: readonly BrokerPorts[], logFolder: string): string {
  const replication = Math.min(3, all.length)
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': self.nodeId,
    'controller.quorum.voters': all.map((each) => `${each.nodeId}@${HOST}:${each.controllerPort}`).join(),
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${HOST}:${self.clientPort},CONTROLLER://${HOST}:${self.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${self.clientPort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': logFolder,
    'auto.create.topics.enable': 'false',
    'default.replication.factor': replication,
    'offsets.topic.replication.factor': replication,
    'offsets.topic.num.partitions': 10,
    'transaction.state.log.replication.factor': replication,
    'transaction.state.log.min.isr': Math.max(1, replication - 1),
    'share.coordinator.state.topic.replication.factor': replication,
    'share.coordinator.state.topic.min.isr': Math.max(1, replication - 1),
    // A broker that dies is noticed after its session: less than Kafka's 9 s keeps the pause of its partitions short.
    'broker.session.timeout.ms': 6_000,
    'broker.heartbeat.interval.ms': 1_000,
    // Groups here are small and start together: waiting 3 s for more members would only delay the first message.
    'group.initial.rebalance.delay.ms': 0,
  }
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}
