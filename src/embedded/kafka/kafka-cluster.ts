import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Cluster, type ClusterOptions } from '../../kafka/cluster/cluster.ts'
import { privateFolder } from '../../runtime/private-folder.ts'
import { readStateFile, writeStateFile } from '../../runtime/write-state-file.ts'
import { freePort } from '../free-port.ts'
import { GuardedServer } from '../guarded-server.ts'
import { lastWords } from '../last-words.ts'
import { endLeftovers } from '../leftover-processes.ts'
import { EnvironmentError, type Progress } from '../progress.ts'
import { untilStarted } from '../restartable-server.ts'
import { type BrokerPorts, brokerProperties, type KafkaAccount } from './broker-properties.ts'
import { kafkaClassPath } from './fetch-jars.ts'

const HEAP = '-Xmx512m'
const USERNAME = 'smsgw'

const run = promisify(execFile)

export interface KafkaClusterOptions {
  /** Where the cluster keeps its data; it survives a restart. */
  readonly folder: string
  readonly cacheFolder: string
  readonly brokers: 1 | 3
  readonly progress: Progress
  /** Brokers without authentication, for tests and benchmarks of clients that have no login. */
  readonly withoutLogin?: true
  /** Aborted to cancel the start. */
  readonly stopping?: AbortSignal | undefined
}

/** What a data folder remembers, so that a restart finds the same cluster at the same ports, by the same login. */
interface ClusterFile {
  readonly clusterId: string
  readonly password: string
  readonly nodes: readonly BrokerPorts[]
}

/** Apache Kafka on this machine: one or three KRaft nodes, each a JVM of its own. */
export class KafkaCluster {
  readonly #options: KafkaClusterOptions
  readonly #classPath: string
  readonly #file: ClusterFile
  readonly #nodes = new Map<number, GuardedServer>()

  private constructor(options: KafkaClusterOptions, classPath: string, file: ClusterFile) {
    this.#options = options
    this.#classPath = classPath
    this.#file = file
  }

  /** Starts the cluster and waits until every broker takes part. Throws EnvironmentError. */
  static async start(options: KafkaClusterOptions): Promise<KafkaCluster> {
    const classPath = await kafkaClassPath(options.cacheFolder, options.progress, options.stopping)
    const file = await clusterFile(options)
    const cluster = new KafkaCluster(options, classPath, file)
    await Promise.all(file.nodes.map((node) => cluster.#format(node)))
    options.progress('kafka', `starting ${file.nodes.length === 1 ? 'a broker' : `${file.nodes.length} brokers`}`)
    try {
      await Promise.all(file.nodes.map((node) => cluster.startNode(node.nodeId)))
      await cluster.#untilComplete()
    } catch (error) {
      await cluster.stop()
      throw error
    }
    options.progress('kafka', `ready at ${cluster.brokers}`)
    return cluster
  }

  /** Addresses of the brokers, as in KAFKA_BROKERS. */
  get brokers(): string {
    return this.#file.nodes.map(({ clientPort }) => `127.0.0.1:${clientPort}`).join()
  }

  /** By which clients log in; null for a cluster without login. */
  get account(): KafkaAccount | null {
    return this.#options.withoutLogin ? null : { username: USERNAME, password: this.#file.password }
  }

  /** How a client of ours reaches the cluster. */
  get access(): Pick<ClusterOptions, 'brokers' | 'sasl'> {
    return { brokers: this.brokers.split(','), ...(this.account && { sasl: { mechanism: 'PLAIN', ...this.account } }) }
  }

  get nodeIds(): number[] {
    return this.#file.nodes.map(({ nodeId }) => nodeId)
  }

  /** Class path with Kafka's own tools, for comparing ours with them. */
  get classPath(): string {
    return this.#classPath
  }

  node(nodeId: number): GuardedServer | undefined {
    return this.#nodes.get(nodeId)
  }

  /** Where a node keeps its settings, its data and its logs, and where clients reach it. */
  placeOf(nodeId: number): { readonly folder: string; readonly logFile: string; readonly clientPort: number } {
    const folder = join(this.#options.folder, `node-${nodeId}`)
    const { clientPort } = this.#file.nodes.find((node) => node.nodeId === nodeId)!
    return { folder, logFile: join(folder, 'broker.log'), clientPort }
  }

  /** Starts one node, for instance after it was killed; does not wait until it takes part. */
  async startNode(nodeId: number): Promise<void> {
    const { folder, logFile } = this.placeOf(nodeId)
    const settings = join(folder, 'server.properties')
    // Only one process may have its data open: one that outlived its guard is ended first.
    await endLeftovers(settings, 'SIGTERM')
    const server = await GuardedServer.start({
      // On a busy machine a customer's request, which needs PostgreSQL alone, goes before what Kafka carries.
      command: 'nice',
      args: [
        '-n',
        '5',
        'java',
        HEAP,
        '-XX:+UseSerialGC',
        // The quick compiler alone: the other one would take a tenth of a core for minutes, to gain less than that.
        '-XX:TieredStopAtLevel=1',
        `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'log4j2.yaml')}`,
        `-Dsmsgw.log=${logFile}`,
        // Nothing in the folder for temporary files that all share: neither figures of the JVM nor libraries to load.
        '-XX:-UsePerfData',
        `-Djava.io.tmpdir=${join(folder, 'tmp')}`,
        '-cp',
        this.#classPath,
        'kafka.Kafka',
        settings,
      ],
      logFile: join(folder, 'output.log'),
      stopSignal: 'TERM',
    })
    this.#nodes.set(nodeId, server)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()))
  }

  /** Writes the node's settings, and formats its storage unless it is. */
  async #format(node: BrokerPorts): Promise<void> {
    const { folder } = this.placeOf(node.nodeId)
    const data = join(folder, 'data')
    const settings = join(folder, 'server.properties')
    for (const each of [folder, data, join(folder, 'tmp')]) privateFolder(each)
    writeStateFile(settings, brokerProperties(node, this.#file.nodes, data, this.account))
    if (existsSync(join(data, 'meta.properties'))) return
    this.#options.progress('kafka', 'formatting storage')
    // An id may begin with a hyphen, so it must not be an argument of its own.
    const jvm = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-cp', this.#classPath]
    const format = ['kafka.tools.StorageTool', 'format', `--cluster-id=${this.#file.clusterId}`, '-c', settings]
    await run('java', [...jvm, ...format], { signal: this.#options.stopping })
  }

  async #untilComplete(): Promise<void> {
    const probe = new Cluster({ ...this.access, clientId: 'smsgw-start', connectTimeoutMs: 1_000 })
    const hasExited = (): boolean => [...this.#nodes.values()].some((node) => node.hasExited)
    const attempt = async (): Promise<void> => {
      await probe.refresh()
      const missing = this.#file.nodes.length - probe.brokerIds.length
      if (missing > 0) throw new Error(`${missing} broker(s) do not take part`)
    }
    try {
      await untilStarted({ hasExited, attempt, stopping: this.#options.stopping })
    } catch (error) {
      const [nodeId] = [...this.#nodes].find(([, node]) => node.hasExited) ?? [this.nodeIds[0]!]
      const { logFile } = this.placeOf(nodeId)
      throw new EnvironmentError(
        `Kafka ${(error as Error).message}: ${lastWords(logFile)}`,
        `Its log is ${logFile}; docs/operations/embedded-servers.md says what to do.`,
      )
    } finally {
      await probe.close()
    }
  }
}

async function clusterFile({ folder, brokers }: KafkaClusterOptions): Promise<ClusterFile> {
  const path = join(folder, 'cluster.json')
  privateFolder(folder)
  const remedy =
    `The records are whole. Write it again with the id after cluster.id= in ${join(folder, 'node-1/data/meta.properties')}: ` +
    `{"clusterId":"…","nodes":[${'{"nodeId":1}'}]}, with as many nodes as there are folders node-N.`
  const known = readStateFile(path, parseClusterFile, remedy)
  if (!known && existsSync(join(folder, 'node-1/data/meta.properties'))) {
    throw new EnvironmentError(`${path} is missing.`, remedy)
  }
  if (known && known.nodes.length !== brokers) {
    throw new EnvironmentError(
      `${folder} holds a cluster of ${known.nodes.length} broker(s), and --brokers ${brokers} was asked for.`,
      `Start with --brokers ${known.nodes.length}, or use another folder (SMSGW_DATA), or --ephemeral.`,
    )
  }
  const nodes: BrokerPorts[] = []
  for (let index = 0; index < brokers; index++) {
    const before = known?.nodes[index]
    const clientPort = await freePort(before?.clientPort)
    const controllerPort = await freePort(before?.controllerPort)
    nodes.push({ nodeId: index + 1, clientPort, controllerPort })
  }
  const file = {
    clusterId: known?.clusterId ?? randomBytes(16).toString('base64url'),
    // Clusters of earlier versions had none.
    password: known?.password ?? randomBytes(18).toString('base64url'),
    nodes,
  }
  writeStateFile(path, JSON.stringify(file, null, 2))
  return file
}

type KnownCluster = Pick<ClusterFile, 'clusterId'> & {
  readonly password?: string
  readonly nodes: readonly Partial<BrokerPorts>[]
}

function parseClusterFile(content: string): KnownCluster {
  const { clusterId, nodes, password } = JSON.parse(content) as Partial<KnownCluster>
  if (typeof clusterId !== 'string' || !Array.isArray(nodes) || nodes.length === 0) {
    throw new Error('it names no cluster and nodes')
  }
  return { clusterId, nodes, ...(typeof password === 'string' && password !== '' && { password }) }
}
