import { adminSettings } from '../admin/config.ts'
import { PRODUCER_LOSS, PRODUCER_PROFILE_NAMES } from '../kafka/producer/producer-options.ts'
import { choice, integer, type Setting, secret, text, type Values } from '../runtime/settings.ts'

/** The settings of every process of the gateway; each role adds its own (`roles.ts`). */
export const gatewaySettings = {
  KAFKA_BROKERS: brokers('host:port of some brokers, separated by commas; empty: one is started here by `smsgw up`'),
  KAFKA_INSTANCE_ID: text(
    '',
    'Lasting name of this host in consumer groups: a process that is back within 10 s finds its partitions again; empty: none',
  ),
  KAFKA_TLS: choice(['off', 'on'], 'off', 'Whether connections to Kafka are encrypted'),
  KAFKA_TLS_CA_FILE: text('', 'PEM file of the CA certificates that sign brokers; empty: those of Node'),
  KAFKA_TLS_CERT_FILE: text('', 'PEM file of the client certificate, where brokers require one'),
  KAFKA_TLS_KEY_FILE: text('', 'PEM file of the key of that certificate'),
  KAFKA_SASL_MECHANISM: choice(['none', 'SCRAM-SHA-512', 'SCRAM-SHA-256', 'PLAIN'], 'none', 'SASL mechanism for Kafka'),
  KAFKA_SASL_USERNAME: text('', 'Kafka account of the gateway'),
  KAFKA_SASL_PASSWORD: secret('', 'Its password'),
  KAFKA_SASL_PASSWORD_FILE: text('', 'File with that password, as a mounted secret is; goes before the above'),
  KAFKA_PRODUCER: choice(
    PRODUCER_PROFILE_NAMES,
    'safe',
    `How records are produced. safe: acks=all, idempotent; batch: the same with linger 100 ms and batches of 16 KiB; fast: acks=1, not idempotent: ${PRODUCER_LOSS.fast}`,
  ),
  DATABASE_URL: secret('', 'PostgreSQL, as in postgres://user:password@host:5432/database; empty: as above'),
  DATABASE_CONNECTIONS_MAX: integer(12, 'Connections to PostgreSQL of each process', { min: 4, max: 200 }),
  ...adminSettings,
  OPERATORS_FILE: text(
    'config/operators.yaml',
    'Operators and routes of a database that has none yet; `smsgw operators apply` changes them',
  ),
  TOPICS_FILE: text('config/topics.yaml', 'Declaration of the topics'),
  SIMULATOR_ADDRESS: text('', 'host:port of the simulator, for operators whose address is `embedded`'),
  SMSGW_DATA: text('.smsgw', 'Folder of the embedded servers, the audit log and the logs'),
  DISK_FOLDERS: text(
    '',
    'Folders whose disks are watched, separated by commas; `smsgw up` names those of its servers. Posts are refused while one is nearly full',
  ),
  DISK_RESERVE_BYTES: integer(
    1_073_741_824,
    'Room on the disks of DISK_FOLDERS that is kept for what was accepted before; of a small disk at most a twentieth. 0: none',
  ),
  LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error'], 'info', 'How much is logged'),
}

export type GatewaySettings = Values<typeof gatewaySettings>

/** Checked here, so that the error names the variable, and does not come from the first connection. */
function brokers(doc: string): Setting<string> {
  const parse = (value: string): string => {
    const isAddress = (address: string): boolean => /^(\[[0-9a-fA-F:]+\]|[^\s:]+):[0-9]{1,5}$/.test(address)
    if (value.split(',').every(isAddress)) return value
    throw new Error('must be host:port, several separated by commas')
  }
  return { ...text('', doc), parse }
}
