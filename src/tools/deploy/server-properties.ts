import { BROKER_SETTINGS, GONE_IN_KAFKA_4, internalTopicSettings } from '../../kafka/brokers/broker-settings.ts'

/** Of the quorum that the file names. */
const BROKERS = 3

/** What is KRaft's, and differs from broker to broker; the values are those of the first of three. */
const KRAFT = `# KRaft: every broker is a controller, too. node.id, the host names and log.dirs differ from broker to broker.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@kafka-1:9093,2@kafka-2:9093,3@kafka-3:9093
controller.listener.names=CONTROLLER
listeners=SASL_SSL://:9092,CONTROLLER://:9093
advertised.listeners=SASL_SSL://kafka-1:9092
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:SSL
inter.broker.listener.name=SASL_SSL
log.dirs=/var/lib/kafka/data

# Authentication and authorization. Accounts and access of each role: deploy/strimzi, or \`smsgw deploy access\`.
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
ssl.keystore.type=PEM
ssl.keystore.location=/etc/kafka/tls/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=/etc/kafka/tls/ca.pem
# Brokers know each other by account outside, and by certificate (CN=kafka-1 and so on) among controllers.
listener.name.controller.ssl.client.auth=required
config.providers=file
config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
  username="admin" password="\${file:/etc/kafka/secrets/admin.properties:password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:admin;User:CN=kafka-1;User:CN=kafka-2;User:CN=kafka-3

# Topics of Kafka's own.
${Object.entries(internalTopicSettings(BROKERS))
  .map(([name, value]) => `${name}=${value}\n`)
  .join('')}`

/** `deploy/kafka/server.properties`: a broker of Kafka 4 as the gateway wants it. `smsgw doctor` compares with it. */
export function serverProperties(): string {
  const settings = BROKER_SETTINGS.map(({ name, value, does }) => `# ${does}\n${name}=${value}\n`)
  const gone = GONE_IN_KAFKA_4.map(({ name, why }) => `#   ${name}: ${why}\n`)
  return [
    '# A broker of Apache Kafka 4 (KRaft). Written by `smsgw deploy generate`; change src/kafka/brokers/broker-settings.ts.\n',
    `\n${KRAFT}`,
    `\n${settings.join('\n')}`,
    '\n# Not here, though files for Kafka 3 have them:\n',
    ...gone,
  ].join('')
}
