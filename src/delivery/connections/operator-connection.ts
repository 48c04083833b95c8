import type { ResendRules } from '../../domain/attempts/attempt-plan.ts'
import type { AmbiguityPolicy } from '../../operators/operator-schema.ts'
import type { Connector, ConnectorEvents, SubmitResult } from '../connectors/connector.ts'
import { OperatorQueue, type QueueRules } from '../pace/operator-queue.ts'
import type { BreakerState } from './circuit-breaker.ts'
import { LineHealth } from './connection-health.ts'

export interface OperatorLineOptions {
  readonly name: string
  readonly window: number
  readonly queueRules: QueueRules
  readonly responseTimeoutMs: number
  readonly onAmbiguous: AmbiguityPolicy
  readonly resends: ResendRules
  readonly receipt: ConnectorEvents['receipt']
  readonly incoming: ConnectorEvents['incoming']
  readonly oddReceipt: ConnectorEvents['oddReceipt']
  readonly breakerChanged: (kind: BreakerState['kind']) => void
  /** How long it may be without a connection before its messages look for another; a second if not given. */
  readonly unboundGraceMs?: number
}

const UNBOUND_GRACE_MS = 1_000

/** A line to an operator, with what the gateway keeps beside it. */
export class OperatorLine {
  readonly name: string
  readonly responseTimeoutMs: number
  readonly onAmbiguous: AmbiguityPolicy
  readonly resends: ResendRules
  readonly connector: Connector
  readonly queue: OperatorQueue
  readonly health: LineHealth

  /** `open` makes the connector, which must not tell anything before it is started. */
  constructor(options: OperatorLineOptions, open: (events: ConnectorEvents) => Connector) {
    this.name = options.name
    this.responseTimeoutMs = options.responseTimeoutMs
    this.onAmbiguous = options.onAmbiguous
    this.resends = options.resends
    this.connector = open({
      receipt: options.receipt,
      incoming: options.incoming,
      oddReceipt: options.oddReceipt,
      readyChanged: () => {
        this.health.readyChanged()
        // A line that becomes ready serves what waited for it.
        this.queue.pump()
      },
    })
    this.queue = new OperatorQueue(this.connector, options.window, options.queueRules)
    this.health = new LineHealth({
      isReady: () => this.connector.isReady,
      graceMs: options.unboundGraceMs ?? UNBOUND_GRACE_MS,
      unavailable: () => this.queue.abandon(() => true),
      breakerChanged: options.breakerChanged,
    })
  }

  /** Hangs up, as the connector does. */
  async stop(): Promise<void> {
    await this.connector.stop()
    this.health.stop()
  }

  /** An answer to a submit, or what stands for it, has come. */
  answered(kind: SubmitResult['kind']): void {
    this.health.answered(kind, Date.now())
    if (kind === 'throttled') this.queue.throttled()
  }
}
