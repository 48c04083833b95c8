import type { ResendRules } from '../../domain/attempts/attempt-plan.ts'
import type { AmbiguityPolicy } from '../../operators/operator-schema.ts'
import type { Connector, ConnectorEvents, SubmitResult } from '../connectors/connector.ts'
import { OperatorQueue, type QueueRules } from '../pace/operator-queue.ts'
import type { BreakerState } from './circuit-breaker.ts'
import { ConnectionHealth } from './connection-health.ts'

export interface OperatorConnectionOptions {
  readonly name: string
  readonly window: number
  readonly queueRules: QueueRules
  readonly responseTimeoutMs: number
  readonly onAmbiguous: AmbiguityPolicy
  readonly resends: ResendRules
  readonly events: Omit<ConnectorEvents, 'readyChanged'>
  readonly breakerChanged: (kind: BreakerState['kind']) => void
  /** How long it may be without a connection before its messages choose another; a second if not given. */
  readonly unboundGraceMs?: number
}

const UNBOUND_GRACE_MS = 1_000

/** A connection to an operator: its connector, the queue of messages for it, and its health. */
export class OperatorConnection {
  readonly name: string
  readonly responseTimeoutMs: number
  readonly onAmbiguous: AmbiguityPolicy
  readonly resends: ResendRules
  readonly connector: Connector
  readonly queue: OperatorQueue
  readonly health: ConnectionHealth

  /** `open` makes the connector, which must not report anything before it is started. */
  constructor(options: OperatorConnectionOptions, open: (events: ConnectorEvents) => Connector) {
    this.name = options.name
    this.responseTimeoutMs = options.responseTimeoutMs
    this.onAmbiguous = options.onAmbiguous
    this.resends = options.resends
    this.connector = open({
      ...options.events,
      readyChanged: () => {
        this.health.readyChanged()
        // A connection that becomes ready serves what waited for it.
        this.queue.pump()
      },
    })
    this.queue = new OperatorQueue(this.connector, options.window, options.queueRules)
    this.health = new ConnectionHealth({
      isReady: () => this.connector.isReady,
      graceMs: options.unboundGraceMs ?? UNBOUND_GRACE_MS,
      unavailable: () => this.queue.abandon(() => true),
      breakerChanged: options.breakerChanged,
    })
  }

  /** Resolves when the connector has stopped. */
  async stop(): Promise<void> {
    await this.connector.stop()
    this.health.stop()
  }

  /** A submit was answered, or has ended without an answer. */
  answered(kind: SubmitResult['kind']): void {
    this.health.answered(kind, Date.now())
    if (kind === 'throttled') this.queue.throttled()
  }
}
