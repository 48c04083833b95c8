/** How a setting gets into force: at once by an alteration, the same for thread pools in steps, or by a restart. */
type Change = 'at once' | 'in steps' | 'by a restart'

/** A setting that brokers ought to have, why, and what another value does. */
export interface BrokerSetting {
  readonly name: string
  readonly value: string
  /** A sentence on what it does. */
  readonly does: string
  readonly change: Change
  /** Another value loses or blocks messages; otherwise it only costs speed or room. */
  readonly isSafety: boolean
}

const setting = (name: string, value: string, change: Change, does: string): BrokerSetting => {
  return { name, value, does, change, isSafety: false }
}
const safety = (name: string, value: string, change: Change, does: string): BrokerSetting => {
  return { name, value, does, change, isSafety: true }
}

/**
 * The settings of a broker for Kafka 4, for three brokers or more. Brokers on this machine, the files of `deploy/` and
 * the command that examines brokers all take them from here.
 */
export const BROKER_SETTINGS: readonly BrokerSetting[] = [
  setting(
    'num.network.threads',
    '8',
    'in steps',
    'Threads that read requests from the network and write answers; with too few, clients wait before they are heard.',
  ),
  setting(
    'num.io.threads',
    '16',
    'in steps',
    'Threads that carry requests out; with too few, requests queue while disks idle.',
  ),
  setting(
    'log.retention.hours',
    '168',
    'at once',
    'How long records are kept where a topic does not say it: seven days.',
  ),
  setting(
    'log.segment.bytes',
    '1073741824',
    'at once',
    'Size of a log file; only whole files are removed by retention.',
  ),
  setting(
    'log.retention.check.interval.ms',
    '300000',
    'by a restart',
    'How often files that are past retention are looked for.',
  ),
  safety(
    'default.replication.factor',
    '3',
    'by a restart',
    'Copies of a topic that does not say it; with fewer, one lost disk can lose records.',
  ),
  safety(
    'min.insync.replicas',
    '2',
    'at once',
    'Copies that must have a record before it is acknowledged; with 1, the loss of one broker loses acknowledged records.',
  ),
  safety(
    'unclean.leader.election.enable',
    'false',
    'at once',
    'When true, a replica that lacks records may become leader, and acknowledged records vanish.',
  ),
  safety(
    'auto.create.topics.enable',
    'false',
    'by a restart',
    'When true, a slip of the pen creates a topic with one partition and one copy, which then takes messages.',
  ),
  setting(
    'num.replica.fetchers',
    '4',
    'in steps',
    'Threads that copy from each other broker; with one, replicas lag at the peak.',
  ),
  setting(
    'replica.lag.time.max.ms',
    '10000',
    'by a restart',
    'How long a replica may be behind and still count as in sync: a dead one holds up acknowledgements for so long.',
  ),
  setting('socket.send.buffer.bytes', '102400', 'by a restart', 'Buffer of each connection for what is sent.'),
  setting('socket.receive.buffer.bytes', '102400', 'by a restart', 'Buffer of each connection for what is received.'),
  setting(
    'socket.request.max.bytes',
    '104857600',
    'by a restart',
    'Largest request that is read; a larger one is refused, so that no client can exhaust the memory.',
  ),
  setting(
    'compression.type',
    'snappy',
    'at once',
    'How records are stored where a topic does not say it; `producer` stores them as they come.',
  ),
]

/**
 * The settings as a cluster of so many brokers can have them. Fewer than three hold fewer copies: a topic of more would
 * not be created, and one broker that waited for a second copy would acknowledge nothing.
 */
export function settingsFor(brokers: number): readonly BrokerSetting[] {
  const { replicationFactor, minInSync } = replicationOf(brokers)
  const fitted: Record<string, number> = {
    'default.replication.factor': replicationFactor,
    'min.insync.replicas': minInSync,
  }
  return BROKER_SETTINGS.map((each) => ({ ...each, value: String(fitted[each.name] ?? each.value) }))
}

/** Replication of Kafka's own topics on so many brokers, which they ask for one by one. */
export function internalTopicSettings(brokers: number): Readonly<Record<string, number>> {
  const { replicationFactor, minInSync } = replicationOf(brokers)
  return {
    'offsets.topic.replication.factor': replicationFactor,
    'transaction.state.log.replication.factor': replicationFactor,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': replicationFactor,
    'share.coordinator.state.topic.min.isr': minInSync,
  }
}

/** Three copies of which two acknowledge, so that one broker can be lost without a record or a pause. */
function replicationOf(brokers: number) {
  const replicationFactor = Math.min(3, brokers)
  return { replicationFactor, minInSync: Math.max(1, replicationFactor - 1) }
}

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
