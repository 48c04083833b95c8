import { COMMAND_STATUS } from '../smpp/command-status.ts'
import { createResponse, type PduOf } from '../smpp/pdu.ts'
import { formatAbsoluteTime } from '../smpp/smpp-time.ts'
import { MESSAGE_STATES } from './final-states.ts'
import { type IdForm, readId } from './message-id.ts'
import type { ReceiptDesk } from './send-receipts.ts'
import type { QueryPdu, Session } from './session.ts'

/** Answers query_sm: of messages under way, and of the last ones whose receipts were sent. */
export class QueryDesk {
  readonly #receipts: ReceiptDesk
  readonly #idForm: IdForm

  constructor(receipts: ReceiptDesk, idForm: IdForm) {
    this.#receipts = receipts
    this.#idForm = idForm
  }

  take(session: Session, pdu: QueryPdu): void {
    switch (pdu.command) {
      case 'query_sm':
        session.write(this.#query(session, pdu))
        return
      case 'cancel_sm':
        session.write(this.#cancel(session, pdu))
        return
      case 'replace_sm':
        session.write(createResponse(pdu, { status: COMMAND_STATUS.ESME_RREPLACEFAIL.code }))
    }
  }

  #query(session: Session, pdu: PduOf<'query_sm'>): PduOf<'query_sm_resp'> {
    const message = this.#find(session, pdu.messageId)
    if (!message) return createResponse(pdu, { status: COMMAND_STATUS.ESME_RQUERYFAIL.code })
    const isFinal = message.receiptDueMs <= Date.now()
    const [state, error] = isFinal ? message.final.split(':') : ['ENROUTE', '0']
    return createResponse(pdu, {
      messageId: pdu.messageId,
      finalDate: isFinal ? formatAbsoluteTime(new Date(message.receiptDueMs)) : '',
      messageState: MESSAGE_STATES[state!]!,
      errorCode: Number.parseInt(error!, 16) & 0xff,
    })
  }

  #cancel(session: Session, pdu: PduOf<'cancel_sm'>): PduOf<'cancel_sm_resp'> {
    const message = this.#find(session, pdu.messageId)
    const isCancelled = message !== null && this.#receipts.cancel(message)
    return createResponse(pdu, { status: isCancelled ? 0 : COMMAND_STATUS.ESME_RCANCELFAIL.code })
  }

  #find(session: Session, messageId: string) {
    const message = this.#receipts.find(readId(messageId, this.#idForm))
    return message?.systemId === session.binding!.systemId ? message : null
  }
}
