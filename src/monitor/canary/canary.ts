import type { Log } from '../../runtime/log.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import type { Service } from '../../runtime/service.ts'
import { canaryOutcome, canaryStages } from './canary-stages.ts'
import { type CanaryRoute, sendCanary } from './send-canary.ts'

export interface CanaryParts {
  readonly route: CanaryRoute
  readonly intervalMs: number
  readonly metrics: Metrics
  readonly log: Log
}

/** Sends a message on a timer and measures its whole way, as a customer would notice it. One at a time. */
export class Canary implements Service {
  readonly name = 'canary'
  readonly #parts: CanaryParts
  readonly #stop = new AbortController()
  readonly #stages
  readonly #outcomes
  readonly #lastSuccess
  readonly #roundTrip
  #timer: NodeJS.Timeout | null = null
  #sending: Promise<void> | null = null

  constructor(parts: CanaryParts) {
    this.#parts = parts
    const { metrics } = parts
    this.#stages = metrics.histogram('smsgw_canary_stage_seconds', "Stages of a canary message's way", ['stage'])
    this.#outcomes = metrics.counter('smsgw_canary_messages_total', 'Canary messages', ['outcome'])
    this.#lastSuccess = metrics.gaugeSet(
      'smsgw_canary_last_success_timestamp_seconds',
      'When a canary message last came to that end; at first when sending them began',
      ['end'],
    )
    this.#roundTrip = metrics.gaugeSet(
      'smsgw_canary_roundtrip_seconds',
      'From the post of the last canary message until its receipt could be read, or how long it was followed',
      [],
    )
  }

  async start(): Promise<void> {
    const ends = this.#parts.route.countStatuses ? ['delivered', 'clickhouse'] : ['delivered']
    for (const end of ends) this.#arrivedAt(end)
    this.#timer = setInterval(() => this.#sendUnlessBusy(), this.#parts.intervalMs)
    this.#sendUnlessBusy()
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#stop.abort()
    await this.#sending
  }

  #sendUnlessBusy(): void {
    this.#sending ??= this.#send()
      .catch((error) => {
        if (this.#stop.signal.aborted) return
        this.#outcomes.inc({ outcome: 'refused' })
        this.#parts.log.warn({ err: error }, 'canary message not accepted')
      })
      .finally(() => {
        this.#sending = null
      })
  }

  async #send(): Promise<void> {
    const { message, times } = await sendCanary(this.#parts.route, this.#stop.signal)
    const outcome = canaryOutcome(message)
    this.#outcomes.inc({ outcome })
    this.#roundTrip.set(((times.finalMs ?? Date.now()) - times.postedMs) / 1_000)
    for (const [stage, seconds] of canaryStages(message, times)) this.#stages.observe({ stage }, seconds)
    if (times.inClickHouseMs !== null) this.#arrivedAt('clickhouse')
    if (outcome === 'delivered') this.#arrivedAt('delivered')
    else this.#parts.log.warn({ status: message.status }, 'canary message failed')
  }
  #arrivedAt(end: string): void {
    this.#lastSuccess.set({ end }, Date.now() / 1_000)
  }
}
