import type { Service } from '../runtime/service.ts'
import { Reconciler, type ReconcilerParts } from './reconcile/reconciler.ts'
import { Relay, type RelayParts } from './relay.ts'

/** The role `relay`: carries the outbox to Kafka, and finds what Kafka has lost of it. */
export class OutboxService implements Service {
  readonly name = 'relay'
  readonly #relay: Relay
  readonly #reconciler: Reconciler

  constructor(parts: RelayParts & ReconcilerParts) {
    this.#relay = new Relay(parts)
    this.#reconciler = new Reconciler(parts)
  }

  /** There may be rows: do not sleep on. */
  wake(): void {
    this.#relay.wake()
  }

  async start(): Promise<void> {
    await Promise.all([this.#relay.start(), this.#reconciler.start()])
  }

  async stop(): Promise<void> {
    await Promise.all([this.#relay.stop(), this.#reconciler.stop()])
  }
}
