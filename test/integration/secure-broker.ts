import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createAclsV3 } from '@platformatic/kafka'
import { freePort } from '../../src/embedded/free-port.ts'
import { GuardedServer } from '../../src/embedded/guarded-server.ts'
import { kafkaClassPath } from '../../src/embedded/kafka/fetch-jars.ts'
import { callBroker } from '../../src/kafka/cluster/call-broker.ts'
import type { Cluster } from '../../src/kafka/cluster/cluster.ts'
import type { Access } from '../../src/tools/deploy/access-by-role.ts'
import { silent } from '../gateway/silent-progress.ts'
import { makeCertificate } from '../servers/make-certificate.ts'

const run = promisify(execFile)
const STORE_PASSWORD = 'only-for-this-test'

export interface SecureBroker {
  /** Where only the administrator of the test connects, without a login. */
  readonly insideAddress: string
  /** Where accounts log in by SCRAM over TLS. */
  readonly address: string
  readonly caFile: string
  stop(): Promise<void>
}

/** A broker with TLS, SCRAM accounts (name to password) and ACLs, without which nothing is allowed. */
export async function startSecureBroker(
  folder: string,
  cacheFolder: string,
  accounts: Readonly<Record<string, string>>,
): Promise<SecureBroker> {
  const classPath = await kafkaClassPath(cacheFolder, silent)
  await mkdir(join(folder, 'data'), { recursive: true })
  const { keyStore, caFile } = await makeCertificate(folder, STORE_PASSWORD)
  const [inside, outside, controller] = [await freePort(), await freePort(), await freePort()]
  const settings = join(folder, 'server.properties')
  await writeFile(settings, properties(folder, keyStore, { inside, outside, controller }))
  const scram = Object.entries(accounts).map(
    ([name, password]) => `--add-scram=SCRAM-SHA-512=[name=${name},password=${password}]`,
  )
  const id = `--cluster-id=${randomBytes(16).toString('base64url')}`
  const format = ['-Xmx128m', '-cp', classPath, 'kafka.tools.StorageTool', 'format', id, '-c', settings, ...scram]
  await run('java', format)
  const server = await GuardedServer.start({
    command: 'java',
    args: ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classPath, 'kafka.Kafka', settings],
    logFile: join(folder, 'output.log'),
    stopSignal: 'TERM',
  })
  return {
    insideAddress: `127.0.0.1:${inside}`,
    address: `127.0.0.1:${outside}`,
    caFile,
    stop: () => server.stop(),
  }
}

function properties(
  folder: string,
  keyStore: string,
  ports: { inside: number; outside: number; controller: number },
): string {
  const host = '127.0.0.1'
  const clients = `PLAINTEXT://${host}:${ports.inside},SASL_SSL://${host}:${ports.outside}`
  const login = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${host}:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `${clients},CONTROLLER://${host}:${ports.controller}`,
    'advertised.listeners': clients,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': login,
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': keyStore,
    'ssl.keystore.password': STORE_PASSWORD,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** Codes of the protocol: `AclOperation`, `ResourceType`, `PatternType`, `AclPermissionType`. */
const OPERATIONS = {
  Read: 3,
  Write: 4,
  Create: 5,
  Alter: 7,
  Describe: 8,
  DescribeConfigs: 10,
  AlterConfigs: 11,
  IdempotentWrite: 12,
} as const
const TYPES = { topic: 2, group: 3, cluster: 4 } as const
const LITERAL = 3
const PREFIXED = 4
const ALLOW = 3

/** Grants what an account may do. */
export async function grant(cluster: Cluster, account: string, access: readonly Access[]): Promise<void> {
  const acls = access.flatMap(({ type, name, operations }) =>
    operations.map((operation) => ({
      resourceType: TYPES[type],
      resourceName: type === 'cluster' ? 'kafka-cluster' : name || '*',
      resourcePatternType: type === 'group' && name ? PREFIXED : LITERAL,
      principal: `User:${account}`,
      host: '*',
      operation: OPERATIONS[operation],
      permissionType: ALLOW,
    })),
  )
  await callBroker(await cluster.anyConnection(), createAclsV3.api, acls)
}
