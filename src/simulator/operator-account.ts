import type { Session } from './session.ts'
import type { TakenMessage } from './taken-message.ts'

export type ReceiptBind = 'any' | 'same' | 'other'

/** The sessions bound under one system_id, and its pending receipts. */
export class OperatorAccount {
  readonly sessions = new Set<Session>()
  /** In the order in which they are sent. */
  readonly waiting = new Set<TakenMessage>()
  #nextIndex = 0

  /** The session that a receipt is sent on: one that has room, round-robin, if possible the wanted one. */
  receiverFor({ sessionId }: TakenMessage, wanted: ReceiptBind): Session | null {
    const ready = [...this.sessions].filter((session) => session.binding!.canReceive && session.hasRoomForReceipt)
    const fitting = wanted === 'any' ? ready : ready.filter(({ id }) => (id === sessionId) === (wanted === 'same'))
    const choice = fitting.length > 0 ? fitting : ready
    return choice[this.#nextIndex++ % choice.length] ?? null
  }
}
