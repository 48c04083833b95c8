/** A setting that brokers ought to have, why, and what another value does. */
export interface BrokerSetting {
  readonly name: string
  readonly value: string
  /** A sentence on what it does. */
  readonly does: string
  /** Another value loses or blocks messages; otherwise it only costs speed or room. */
  readonly isSafety: boolean
}

const setting = (name: string, value: string, does: string, isSafety = false): BrokerSetting => {
  return { name, value, does, isSafety }
}

/** The settings of a broker of this gateway, for Kafka 4. `deploy/kafka/server.properties` is generated from them. */
export const BROKER_SETTINGS: readonly BrokerSetting[] = [
  setting(
    'num.network.threads',
    '8',
    'Threads that read requests from the network and write answers; with too few, clients wait before they are heard.',
  ),
  setting('num.io.threads', '16', 'Threads that carry requests out; with too few, requests queue while disks idle.'),
  setting('log.retention.hours', '168', 'How long records are kept where a topic does not say it: seven days.'),
  setting('log.segment.bytes', '1073741824', 'Size of a log file; only whole files are removed by retention.'),
  setting('log.retention.check.interval.ms', '300000', 'How often files that are past retention are looked for.'),
  setting(
    'default.replication.factor',
    '3',
    'Copies of a topic that does not say it; with fewer, one lost disk can lose records.',
    true,
  ),
  setting(
    'min.insync.replicas',
    '2',
    'Copies that must have a record before it is acknowledged; with 1, the loss of one broker loses acknowledged records.',
    true,
  ),
  setting(
    'unclean.leader.election.enable',
    'false',
    'When true, a replica that lacks records may become leader, and acknowledged records vanish.',
    true,
  ),
  setting(
    'auto.create.topics.enable',
    'false',
    'When true, a slip of the pen creates a topic with one partition and one copy, which then takes messages.',
    true,
  ),
  setting('num.replica.fetchers', '4', 'Threads that copy from each other broker; with one, replicas lag at the peak.'),
  setting(
    'replica.lag.time.max.ms',
    '10000',
    'How long a replica may be behind and still count as in sync: a dead one holds up acknowledgements for so long.',
  ),
  setting('socket.send.buffer.bytes', '102400', 'Buffer of each connection for what is sent.'),
  setting('socket.receive.buffer.bytes', '102400', 'Buffer of each connection for what is received.'),
  setting(
    'socket.request.max.bytes',
    '104857600',
    'Largest request that is read; a larger one is refused, so that no client can exhaust the memory.',
  ),
  setting(
    'compression.type',
    'snappy',
    'How records are stored where a topic does not say it; `producer` stores them as they come.',
  ),
]

/** Names of older files that Kafka 4 does not know or should not be given, with why. */
export const GONE_IN_KAFKA_4: readonly { readonly name: string; readonly why: string }[] = [
  { name: 'zookeeper.connect', why: 'there is no ZooKeeper; brokers start and ignore it' },
  { name: 'broker.id', why: 'still read, but node.id is its name, and both with different values stop the start' },
  { name: 'inter.broker.protocol.version', why: 'unknown and ignored; the level is the feature metadata.version' },
  { name: 'log.message.format.version', why: 'unknown and ignored; there is one format' },
  {
    name: 'log.message.timestamp.difference.max.ms',
    why: 'unknown and ignored; now log.message.timestamp.before/after',
  },
  {
    name: 'log.cleaner.enable',
    why: 'deprecated since 4.1, and false would stop compacted topics, offsets among them',
  },
  { name: 'offsets.commit.required.acks', why: 'gone; offsets are always committed with all' },
  { name: 'delegation.token.master.key', why: 'gone; delegation.token.secret.key' },
  { name: 'group.share.enable', why: 'gone; the feature share.version' },
]

/** The settings as a cluster of so many brokers can have them. */
export function settingsFor(brokers: number): readonly BrokerSetting[] {
  const replication = Math.min(3, brokers)
  const fitted: Record<string, number> = {
    'default.replication.factor': replication,
    'min.insync.replicas': Math.max(1, replication - 1),
  }
  return BROKER_SETTINGS.map((each) => ({ ...each, value: String(fitted[each.name] ?? each.value) }))
}
