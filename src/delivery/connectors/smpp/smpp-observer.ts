import type { DeliveryReading } from './read-delivery.ts'
import type { Oddity, SessionEnd } from './session-actions.ts'

/** Which of the operator's connections: `transceiver 1`, `receiver 2`. */
export type BindName = string

/** The state of an operator's connections at one moment. */
export interface SmppMeasures {
  readonly binds: number
  readonly bound: number
  /** Submits that await their answer. */
  readonly inWindow: number
  /** Submits that wait for room in the window of their bind. */
  readonly waiting: number
}

/** Is notified of what may be logged or counted. Calls return at once and never throw. */
export interface SmppObserver {
  bound(bind: BindName, address: string): void
  /** A connection ended or never came to be; the next is tried after `retryMs`, null for none. */
  ended(bind: BindName, address: string, end: SessionEnd, retryMs: number | null): void
  pdus(direction: 'in' | 'out', count: number): void
  /** A submit was answered, by whatever status. */
  answered(status: string, seconds: number): void
  delivered(kind: DeliveryReading['kind']): void
  noted(bind: BindName, oddity: Oddity, detail: string): void
  measured(measures: SmppMeasures): void
  /** The connector has stopped; there is nothing to measure any more. */
  closed(): void
}
