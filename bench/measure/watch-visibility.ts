import { type ClickHouse, readRows } from '../../src/clickhouse/clickhouse-client.ts'
import { firstSmsIdAt } from '../../src/domain/sms-id.ts'

const POLL_MS = 100
const WINDOW_MS = 5_000

/**
 * Watches when accepted messages can be asked for in ClickHouse, by asking for what is new again and again. The time
 * of a message is that of the answer in which it was seen first, so a time is never too short.
 */
export class VisibilityWatch {
  readonly visibleAtMs = new Map<number, number>()
  readonly #client: ClickHouse
  #running: Promise<void> | null = null
  #stopping = false

  constructor(client: ClickHouse) {
    this.#client = client
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  /** Reads by the primary key, and a tenth of the messages, so that watching costs little beside what is watched. */
  async #run(): Promise<void> {
    while (!this.#stopping) {
      const rows = await readRows<{ id: string }>(
        this.#client,
        'SELECT toString(sms_id) AS id FROM accepted WHERE sms_id > {first:UInt64} AND intDiv(sms_id, 8192) % 10 = 0',
        { first: firstSmsIdAt(Date.now() - WINDOW_MS) },
      ).catch(() => [])
      const nowMs = Date.now()
      for (const { id } of rows) if (!this.visibleAtMs.has(Number(id))) this.visibleAtMs.set(Number(id), nowMs)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

/** Percentiles of the times from answer to visibility of those watched, and how many of them were never seen. */
export function visibilityLatency(accepted: readonly [number, number][], visibleAtMs: ReadonlyMap<number, number>) {
  const latencies: number[] = []
  let unseen = 0
  for (const [smsId, atMs] of accepted) {
    if (Math.floor(smsId / 8_192) % 10 !== 0) continue
    const seenMs = visibleAtMs.get(smsId)
    if (seenMs === undefined) unseen++
    else latencies.push(Math.max(0, seenMs - atMs))
  }
  latencies.sort((a, b) => a - b)
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: latencies.at(-1) ?? NaN, unseen }
}
