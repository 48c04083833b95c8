import type { Session } from './session.ts'
import type { TakenMessage } from './taken-message.ts'

export type ReceiptBind = 'any' | 'same' | 'other'

/** All that is bound under one system_id, and the receipts that wait for one of its sessions. */
export class OperatorAccount {
  /** Those that can receive. */
  readonly receivers = new Set<Session>()
  readonly waiting = new Set<TakenMessage>()
  binds = 0
  #turn = 0

  /** The session that a receipt is told on: one that has room, in turn, and if possible that which is wanted. */
  receiverFor(message: TakenMessage, wanted: ReceiptBind): Session | null {
    const ready = [...this.receivers].filter(({ hasRoomForReceipt }) => hasRoomForReceipt)
    const fitting = wanted === 'any' ? ready : ready.filter(({ id }) => (id === message.sessionId) === (wanted === 'same'))
    const choice = fitting.length > 0 ? fitting : ready
    return choice[this.#turn++ % choice.length] ?? null
  }
}
