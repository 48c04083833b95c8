import { createPdu, type PduOf } from '../smpp/pdu.ts'
import { createTlv, type Tlv } from '../smpp/tlv.ts'
import { MESSAGE_STATES } from './final-states.ts'
import { type IdForm, spellId } from './message-id.ts'
import { writeAddress } from './smpp-address.ts'
import type { TakenMessage } from './taken-message.ts'

/** Bits of esm_class: the short message is an SMSC delivery receipt (SMPP 3.4, 5.2.12). */
const DELIVERY_RECEIPT = 0x04
/** Network of network_error_code: GSM. */
const GSM = 3

const FORMS = ['text', 'tlv', 'both'] as const
export type ReceiptForm = (typeof FORMS)[number]

export interface ReceiptStyle {
  readonly form: ReceiptForm | 'any'
  readonly idForm: IdForm
  readonly tlvIdForm: IdForm
}

/** Where the receipt of a message carries id and state, however often it is sent. */
export function formOf({ id }: TakenMessage, { form }: ReceiptStyle): ReceiptForm {
  return form === 'any' ? FORMS[id % FORMS.length]! : form
}

/** The receipt of a message: SMPP 3.4, appendix B for its text, 5.3.2.12 and following for its TLVs. */
export function writeReceipt(message: TakenMessage, style: ReceiptStyle, sequence: number): PduOf<'deliver_sm'> {
  const form = formOf(message, style)
  const [source, destination] = [writeAddress(message.to), writeAddress(message.from)]
  return createPdu('deliver_sm', sequence, {
    sourceAddrTon: source.ton,
    sourceAddrNpi: source.npi,
    sourceAddr: source.addr,
    destAddrTon: destination.ton,
    destAddrNpi: destination.npi,
    destinationAddr: destination.addr,
    esmClass: DELIVERY_RECEIPT,
    shortMessage: form === 'tlv' ? Buffer.alloc(0) : Buffer.from(receiptText(message, style.idForm), 'latin1'),
    tlvs: form === 'text' ? [] : receiptTlvs(message, style.tlvIdForm),
  })
}

function receiptText({ id, final, takenMs, receiptDueMs, quote }: TakenMessage, idForm: IdForm): string {
  const [state, error] = final.split(':')
  const counts = `sub:001 dlvrd:${state === 'DELIVRD' ? '001' : '000'}`
  const dates = `submit date:${minute(takenMs)} done date:${minute(receiptDueMs)}`
  return `id:${spellId(id, idForm)} ${counts} ${dates} stat:${state} err:${error} text:${quote}`
}

function receiptTlvs({ id, final }: TakenMessage, idForm: IdForm): Tlv[] {
  const [state, error] = final.split(':') as [string, string]
  const network = Buffer.of(GSM, 0, 0)
  network.writeUInt16BE(Number.parseInt(error, 16), 1)
  return [
    createTlv('receipted_message_id', spellId(id, idForm)),
    createTlv('message_state', MESSAGE_STATES[state]!),
    createTlv('network_error_code', network),
  ]
}

/** YYMMDDhhmm, in UTC. */
function minute(atMs: number): string {
  return new Date(atMs).toISOString().slice(2, 16).replace(/\D/g, '')
}
