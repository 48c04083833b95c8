import { type ChildProcess, fork } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventId } from '../../src/domain/event-id.ts'
import { SmsIds } from '../../src/domain/sms-id.ts'
import { eventCodec } from '../../src/events/event-codec.ts'
import { StatusEvent } from '../../src/events/status.ts'
import { TOPICS } from '../../src/events/topics.ts'
import { Cluster } from '../../src/kafka/cluster/cluster.ts'
import { LATEST, listOffsets } from '../../src/kafka/consumer/fetch/list-offsets.ts'
import { Producer } from '../../src/kafka/producer/producer.ts'
import { createEndpoint } from '../../src/webhooks/endpoints.ts'
import { customerIdOf, fillCustomers } from '../../test/gateway/fill/fill-customers.ts'
import { type LatencyMs, latencyHistogram, percentilesMs, recordMs } from '../../test/gateway/load/latency.ts'
import { treeUsages } from '../measure/process-usage.ts'
import { type Backbone, readMetric, startBackbone, startRole } from '../run/start-roles.ts'
import type { Workbench } from '../run/workbench.ts'
import type { HostileReceivers } from './hostile-process.ts'

export interface WebhookLoad {
  readonly customers: number
  /** Of these, customers whose receivers misbehave. */
  readonly bad: number
  /** Events a second, spread over the customers. */
  readonly perSecond: number
  /** Of each phase. */
  readonly seconds: number
  /** Events for each bad customer at the beginning of the second phase, at once. */
  readonly burst: number
}

/** What the customers whose receivers work got. */
export interface WebhookPhase {
  readonly phase: 'alone' | 'beside bad ones'
  readonly events: number
  readonly missing: number
  /** From publishing an event to Kafka to its arrival at the receiver. */
  readonly delayMs: LatencyMs
  readonly cpuMs: number
  readonly memoryMiB: number
}

export interface WebhookResult {
  readonly phases: readonly WebhookPhase[]
  readonly deadLetters: number
  /** Undelivered events in the table at the end; all should be of bad receivers. */
  readonly waiting: number
  readonly waitingOfGood: number
  readonly inFlight: number
}

const TICK_MS = 20
const ARRIVE_MS_MAX = 60_000
const WARM_UP_SECONDS = 5
const codec = eventCodec(StatusEvent)

/** Measures the role `webhooks` alone: events are published to its topic, and receivers note when they arrive. */
export async function measureWebhooks(workbench: Workbench, load: WebhookLoad): Promise<WebhookResult> {
  const backbone = await startBackbone(workbench)
  backbone.env.WEBHOOK_ALLOW_PRIVATE = 'yes'
  const sink = await startSink(workbench)
  const hostile = await startHostile(workbench)
  await fillCustomers(backbone.pool, 0, load.customers)
  for (let index = 0; index < load.customers; index++) {
    const url = index < load.bad ? hostile[index % hostile.length]! : sink.url
    await createEndpoint(backbone.pool, { customerId: customerIdOf(index), url, allowPrivate: true })
  }
  await startRole(workbench, backbone, 'webhooks')
  const cluster = new Cluster({ brokers: backbone.kafka.brokers.split(','), clientId: 'bench' })
  const producer = new Producer(cluster)
  await workbench.keep(
    Promise.resolve({
      stop: async () => {
        await producer.close()
        await cluster.close()
      },
    }),
  )
  await producer.start([TOPICS.status, TOPICS.deadLetters])
  const run = new WebhookRun({ workbench, backbone, producer, sink, load })
  await run.phase('alone', WARM_UP_SECONDS)
  const phases = [await run.phase('alone', load.seconds), await run.phase('beside bad ones', load.seconds)]
  const partitions = Array.from({ length: producer.partitionsOf(TOPICS.deadLetters) }, (_, partition) => ({
    topic: TOPICS.deadLetters,
    partition,
  }))
  const ends = await listOffsets(cluster, cluster.connections(), partitions, LATEST)
  return { phases, deadLetters: ends.reduce((sum, { offset }) => sum + offset, 0), ...(await run.leftovers()) }
}

interface Sink {
  readonly url: string
  /** When each event was published, until it has arrived. */
  readonly published: Map<string, number>
  readonly arrived: (delayMs: number) => void
}

interface RunParts {
  readonly workbench: Workbench
  readonly backbone: Backbone
  readonly producer: Producer
  readonly sink: Sink & { arrived: (delayMs: number) => void }
  readonly load: WebhookLoad
}

class WebhookRun {
  readonly #parts: RunParts
  readonly #ids = new SmsIds(63)

  constructor(parts: RunParts) {
    this.#parts = parts
  }

  async phase(phase: WebhookPhase['phase'], seconds: number): Promise<WebhookPhase> {
    const { workbench, backbone, sink, load } = this.#parts
    const histogram = latencyHistogram()
    sink.arrived = (delayMs) => recordMs(histogram, delayMs)
    const pids = new Map([['webhooks', backbone.processes.get('webhooks')!.pid!]])
    const before = treeUsages(pids).get('webhooks')!
    const first = phase === 'alone' ? load.bad : 0
    if (phase === 'beside bad ones') {
      for (let each = 0; each < load.bad * load.burst; each++) this.#publish(each % load.bad)
    }
    const events = await this.#publishOpenLoop(first, seconds)
    const deadlineMs = performance.now() + ARRIVE_MS_MAX
    while (sink.published.size > 0 && performance.now() < deadlineMs && !workbench.isStopping) await sleep(100)
    const after = treeUsages(pids).get('webhooks')!
    const missing = sink.published.size
    sink.published.clear()
    workbench.progress(`${phase}: ${events} events, ${missing} missing`)
    return {
      ...{ phase, events, missing, delayMs: percentilesMs(histogram), cpuMs: after.cpuMs - before.cpuMs },
      memoryMiB: Math.round(after.memoryBytes / 1_048_576),
    }
  }

  async leftovers(): Promise<Pick<WebhookResult, 'waiting' | 'waitingOfGood' | 'inFlight'>> {
    const { backbone, sink } = this.#parts
    const { rows } = await backbone.pool.query<{ waiting: number; of_good: number }>(
      `SELECT count(*) AS waiting, count(*) FILTER (WHERE url = $1) AS of_good
       FROM webhook_retries JOIN webhook_endpoints USING (endpoint_id)`,
      [sink.url],
    )
    const inFlight = await readMetric(backbone, 'webhooks', 'smsgw_webhook_requests_in_flight')
    return { waiting: rows[0]!.waiting, waitingOfGood: rows[0]!.of_good, inFlight }
  }

  /** Returns how many events went to customers whose receivers work. */
  async #publishOpenLoop(first: number, seconds: number): Promise<number> {
    const { load, workbench } = this.#parts
    const startedMs = performance.now()
    let published = 0
    let good = 0
    while (!workbench.isStopping) {
      const forMs = performance.now() - startedMs
      if (forMs >= seconds * 1_000) break
      for (const due = (forMs * load.perSecond) / 1_000; published < due; published++) {
        const index = first + (published % (load.customers - first))
        if (index >= load.bad) good++
        this.#publish(index)
      }
      await sleep(TICK_MS)
    }
    return good
  }

  #publish(index: number): void {
    const { producer, sink, load } = this.#parts
    const smsId = this.#ids.next(Date.now())
    const id = eventId(smsId, 'delivered', 1)
    const at = new Date().toISOString()
    const value = codec.encode({
      ...{ event_id: id, sms_id: smsId, customer_id: customerIdOf(index), status: 'delivered', delivered_at: at },
      ...{ occurred_at: at, operator: 'bench', operator_message_id: String(smsId), error_code: null },
      ...{ error_message: null, latency_ms: 1_000, attempt: 1, segments: 1, possible_duplicate: false },
    })
    if (index >= load.bad) sink.published.set(id, performance.now())
    producer.send({ topic: TOPICS.status, key: String(smsId), value, headers: [] }).catch((error) => {
      this.#parts.workbench.progress(`an event was not published: ${(error as Error).message}`)
    })
  }
}

async function startSink(workbench: Workbench): Promise<RunParts['sink']> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const id = String(request.headers['webhook-id'])
      const publishedMs = sink.published.get(id)
      if (publishedMs !== undefined) sink.arrived(performance.now() - publishedMs)
      sink.published.delete(id)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await workbench.keep(
    Promise.resolve({
      stop: async () => {
        server.closeAllConnections()
        server.close()
      },
    }),
  )
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const sink: RunParts['sink'] = { url, published: new Map(), arrived: () => {} }
  return sink
}

/** Receivers that misbehave, in a process of their own: their floods must not delay what is measured here. */
async function startHostile(workbench: Workbench): Promise<string[]> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'hostile-process.ts'))
  await workbench.keep(
    Promise.resolve({
      stop: async () => {
        child.kill()
      },
    }),
  )
  const { receivers } = await new Promise<HostileReceivers>((resolve, reject) => {
    child.once('message', (message) => resolve(message as HostileReceivers))
    child.once('exit', () => reject(new Error('the hostile receivers ended before they listened')))
  })
  return receivers.map(({ url }) => url)
}
