import { stringify } from 'yaml'
import { internalTopicSettings, settingsFor } from '../../kafka/brokers/broker-settings.ts'
import { KAFKA_VERSION } from '../../kafka/brokers/kafka-version.ts'
import type { DeclaredTopic } from '../../topics/topics-file.ts'
import { REQUIRED_DAILY } from '../plan/plan-bandwidth.ts'
import { planCapacity } from '../plan/plan-capacity.ts'
import { planDefaults } from '../plan/plan-input.ts'
import { ASSUMED_RATES } from '../plan/plan-rates.ts'
import { type Access, accessByRole } from './access-by-role.ts'

const API = 'kafka.strimzi.io/v1beta2'
const CLUSTER = 'smsgw'

const HEAD = '# Written by `smsgw deploy generate`'

function resource(kind: string, name: string, spec: object, annotations?: object): object {
  const labels = kind === 'Kafka' ? undefined : { 'strimzi.io/cluster': CLUSTER }
  return { apiVersion: API, kind, metadata: { name, labels, annotations }, spec }
}

function documents(from: string, resources: readonly object[]): string {
  const options = { lineWidth: 120, aliasDuplicateObjects: false }
  return `${HEAD} from ${from}.\n${resources.map((each) => `---\n${stringify(each, options)}`).join('')}`
}

/**
 * The cluster for the Strimzi operator: nodes that are each a broker and a controller, as many and as large as
 * `smsgw plan` sizes them for the load that the declared topics are laid out for; SCRAM over TLS, and ACLs.
 */
export function strimziCluster(topics: readonly DeclaredTopic[]): string {
  const { brokers, disk } = planCapacity({ ...planDefaults(topics), daily: REQUIRED_DAILY, rates: ASSUMED_RATES })
  const settings = settingsFor(brokers.count).map(({ name, value }) => [name, plain(value)])
  const config = { ...Object.fromEntries(settings), ...internalTopicSettings(brokers.count) }
  const [memory, heap] = [`${brokers.memoryGib}Gi`, `${brokers.heapGib}g`]
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchLabels: { 'strimzi.io/cluster': CLUSTER, 'strimzi.io/kind': 'Kafka' } },
  }
  const pool = resource('KafkaNodePool', 'nodes', {
    replicas: brokers.count,
    roles: ['controller', 'broker'],
    storage: { type: 'persistent-claim', size: `${disk.perBrokerTb}T`, deleteClaim: false },
    resources: { requests: { cpu: String(brokers.cores), memory }, limits: { memory } },
    jvmOptions: { '-Xms': heap, '-Xmx': heap },
    template: { pod: { topologySpreadConstraints: [spread] } },
  })
  const listener = { name: 'tls', port: 9093, type: 'internal', tls: true, authentication: { type: 'scram-sha-512' } }
  const kafka = { version: KAFKA_VERSION, listeners: [listener], authorization: { type: 'simple' }, config }
  const spec = { kafka, entityOperator: { topicOperator: {}, userOperator: {} } }
  const annotations = { 'strimzi.io/node-pools': 'enabled', 'strimzi.io/kraft': 'enabled' }
  return documents('src/kafka/brokers and the planner (`smsgw plan`)', [
    resource('Kafka', CLUSTER, spec, annotations),
    pool,
  ])
}

/** The declared topics for Strimzi's topic operator, which keeps them so. */
export function strimziTopics(topics: readonly DeclaredTopic[]): string {
  return documents(
    'config/topics.yaml',
    topics.map(({ name, partitions, replicationFactor, configs }) => {
      const config = Object.fromEntries(Object.entries(configs).map(([key, value]) => [key, plain(value)]))
      return resource('KafkaTopic', name, { topicName: name, partitions, replicas: replicationFactor, config })
    }),
  )
}

/** An account for each role, with the least access that it needs, for Strimzi's user operator. */
export function strimziUsers(): string {
  return documents(
    'src/tools/deploy/access-by-role.ts',
    [...accessByRole()].map(([user, access]) =>
      resource('KafkaUser', user, {
        authentication: { type: 'scram-sha-512' },
        authorization: { type: 'simple', acls: access.map(acl) },
      }),
    ),
  )
}

function acl({ type, name, operations }: Access): object {
  if (type === 'cluster') return { resource: { type }, operations }
  // An empty name means every group, as a prefix of none.
  const isExact = type === 'topic'
  return { resource: { type, name: name || '*', patternType: isExact || !name ? 'literal' : 'prefix' }, operations }
}

function plain(value: string): string | number | boolean {
  if (value === 'true' || value === 'false') return value === 'true'
  return /^\d+$/.test(value) ? Number(value) : value
}
