import { internalTopicSettings, settingsFor } from '../../kafka/brokers/broker-settings.ts'

/** What differs between brokers of an embedded cluster. */
export interface BrokerPorts {
  readonly nodeId: number
  readonly clientPort: number
  readonly controllerPort: number
}

const HOST = '127.0.0.1'

/** By which clients, brokers and controllers log in; one for all, as all of them are the gateway's. */
export interface KafkaAccount {
  readonly username: string
  readonly password: string
}

/**
 * The `server.properties` of one broker of an embedded KRaft cluster; every node is a broker and a controller.
 * It has the settings that any broker ought to have (`settingsFor`), so that `smsgw doctor` finds nothing; what is not
 * named is Kafka's default. With an account every listener requires it, without one none does.
 */
export function brokerProperties(
  self: BrokerPorts,
  all: readonly BrokerPorts[],
  logFolder: string,
  account: KafkaAccount | null,
): string {
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': self.nodeId,
    'controller.quorum.voters': all.map((each) => `${each.nodeId}@${HOST}:${each.controllerPort}`).join(),
    'controller.listener.names': 'CONTROLLER',
    listeners: `CLIENT://${HOST}:${self.clientPort},CONTROLLER://${HOST}:${self.controllerPort}`,
    'advertised.listeners': `CLIENT://${HOST}:${self.clientPort}`,
    'inter.broker.listener.name': 'CLIENT',
    ...login(account),
    'log.dirs': logFolder,
    ...Object.fromEntries(settingsFor(all.length).map(({ name, value }) => [name, value])),
    ...internalTopicSettings(all.length),
    // Kafka's 50 would be files and leaders for groups that are not there: the gateway has half a dozen.
    'offsets.topic.num.partitions': 10,
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

/** PLAIN, as it is all that the embedded ClickHouse can do; what it sends never leaves this machine. */
function login(account: KafkaAccount | null): Record<string, string> {
  const protocol = account ? 'SASL_PLAINTEXT' : 'PLAINTEXT'
  const map = { 'listener.security.protocol.map': `CLIENT:${protocol},CONTROLLER:${protocol}` }
  if (!account) return map
  const { username, password } = account
  const module = 'org.apache.kafka.common.security.plain.PlainLoginModule'
  const jaas = `${module} required username="${username}" password="${password}" user_${username}="${password}";`
  return {
    ...map,
    'sasl.enabled.mechanisms': 'PLAIN',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'sasl.mechanism.controller.protocol': 'PLAIN',
    'listener.name.client.plain.sasl.jaas.config': jaas,
    'listener.name.controller.plain.sasl.jaas.config': jaas,
  }
}
