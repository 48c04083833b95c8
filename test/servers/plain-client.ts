import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kafkaClassPath } from '../../src/embedded/kafka/fetch-jars.ts'
import type { ServersFile } from '../../src/process/servers/servers-file.ts'
import { silent } from '../gateway/silent-progress.ts'
import { runKafkaTool } from './run-command.ts'

const CACHE = join(import.meta.dirname, '../../.smsgw/cache')
/** No key of ours has one. */
const SEPARATOR = '|'

export interface PlainRecord {
  readonly key: string
  /** Without headers: a plain client writes none. */
  readonly value: object
}

/** Kafka's own console tools, which know nothing of this gateway: no headers, no partitions chosen, no schemas. */
export class PlainClient {
  readonly #brokers: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'smsgw-plain-client-'))
  readonly #config = join(this.#folder, 'client.properties')

  constructor({ kafka, kafka_login: login }: ServersFile) {
    this.#brokers = kafka
    const module = 'org.apache.kafka.common.security.plain.PlainLoginModule'
    const sasl = login && [
      'security.protocol=SASL_PLAINTEXT',
      'sasl.mechanism=PLAIN',
      `sasl.jaas.config=${module} required username="${login.username}" password="${login.password}";`,
    ]
    writeFileSync(this.#config, (sasl ?? []).join('\n'), { mode: 0o600 })
  }

  async produce(topic: string, records: readonly PlainRecord[]): Promise<void> {
    const reader = ['parse.key=true', `key.separator=${SEPARATOR}`].flatMap((each) => ['--reader-property', each])
    const lines = records.map(({ key, value }) => `${key}${SEPARATOR}${JSON.stringify(value)}\n`)
    await this.#run('ConsoleProducer', ['--topic', topic, ...reader], lines.join(''))
  }

  /** The first records of a topic, of all partitions. */
  async consume(topic: string, count: number): Promise<{ key: string; value: unknown }[]> {
    const printed = ['print.key=true', `key.separator=${SEPARATOR}`].flatMap((each) => ['--formatter-property', each])
    const range = ['--topic', topic, '--from-beginning', '--max-messages', String(count)]
    const lines = await this.#run('consumer.ConsoleConsumer', [...range, ...printed])
    return lines.map((line) => {
      const at = line.indexOf(SEPARATOR)
      return { key: line.slice(0, at), value: JSON.parse(line.slice(at + 1)) as unknown }
    })
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #run(tool: string, args: readonly string[], input = ''): Promise<string[]> {
    const classPath = await kafkaClassPath(CACHE, silent)
    const to = ['--bootstrap-server', this.#brokers, '--command-config', this.#config]
    return runKafkaTool(classPath, tool, [...to, ...args], input)
  }
}
