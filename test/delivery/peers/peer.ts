import type { Receipt } from '../../../src/delivery/connectors/connector.ts'

/** A submit as the operator has it, waiting for its answer. */
export interface PeerSubmit {
  take(id: string): void
  /** Takes it by an answer without an id that can be read. */
  takeUnnamed(): void
  refuse(kind: 'rejected' | 'temporary' | 'throttled'): void
  /** Ends the connection in the place of an answer. */
  lose(): void
}

/** The operator's side of a connector, of whichever protocol: what the conformance suite needs of it. */
export interface Peer {
  /** The file's settings of an operator that reaches it. */
  readonly settings: object
  /** Everything that came, in order. */
  readonly submits: readonly PeerSubmit[]
  /** Connections or sessions that are open. */
  readonly open: number
  /**
   * Pushes a receipt, over HTTP to `callbackUrl`. Resolves to whether the gateway acknowledged it; if not, the operator
   * is to send it again.
   */
  push(receipt: PeerReceipt, callbackUrl: string): Promise<boolean>
  /** Ends all connections and takes none until `up`. */
  down(): Promise<void>
  up(): Promise<void>
}

export interface PeerReceipt {
  /** Null: the receipt names no submit. */
  readonly id: string | null
  readonly status: Extract<Receipt['status'], 'delivered' | 'failed'>
  /** E.164. */
  readonly phone: string
}

/** Called with each submit as it comes. */
export type PeerScript = (submit: PeerSubmit, index: number) => void
