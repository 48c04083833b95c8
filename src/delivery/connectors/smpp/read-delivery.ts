import { receiptTime } from '../../../domain/receipts.ts'
import { comparableDigits } from '../../../domain/same-number.ts'
import { cleanText } from '../../../domain/text/clean-text.ts'
import { readTlv } from '../../../smpp/tlv.ts'
import { ESM_CLASS_UDHI } from '../../../smpp/user-data-header.ts'
import { type IncomingMessage, RECEIPT_WORDS_MAX, type Receipt } from '../connector.ts'
import { canonicalMessageId } from './canonical-message-id.ts'
import { parseReceiptDate, parseReceiptText, type ReceiptText } from './parse-receipt-text.ts'
import { readIncoming } from './read-incoming.ts'
import { type ReceiptState, ReceiptStates } from './receipt-states.ts'
import type { Delivery } from './session-actions.ts'
import type { CompleteSmppSettings } from './smpp-settings.ts'

/**
 * What an SMSC delivered:
 * - `receipt`: the last word on a message;
 * - `intermediate`: a word before the last, which changes nothing;
 * - `message`: from a subscriber, or an answer of its phone;
 * - `unreadable`: a receipt by its esm_class, without an id or a state that anyone knows; its id if it has one.
 */
export type DeliveryReading =
  | { readonly kind: 'receipt'; readonly receipt: Receipt }
  | { readonly kind: 'message'; readonly message: IncomingMessage }
  | { readonly kind: 'unreadable'; readonly id: string | null; readonly words: string }
  | { readonly kind: 'intermediate' }

export type ReceiptSettings = Pick<
  CompleteSmppSettings,
  'message_id' | 'receipts_by_text' | 'receipts_by_id_alone' | 'receipt_utc_offset_minutes' | 'states' | 'gsm7'
>

/** Bits 5 to 2 of esm_class: what kind of message is delivered (SMPP 3.4, 5.2.12). */
const KIND_BITS = 0x3c
const RECEIPT = 0x04
const INTERMEDIATE = 0x20

const UCS2_CODING = 8
const CODE_CHARS_MAX = 32

/** Reads what one operator's SMSC delivers. Never throws. What it returns is clean and bounded. */
export class DeliveryReader {
  readonly #settings: ReceiptSettings
  readonly #states: ReceiptStates

  constructor(settings: ReceiptSettings) {
    this.#settings = settings
    this.#states = new ReceiptStates(settings.states)
  }

  /** `now` replaces the time that a receipt lacks, and is the latest that one can state. */
  read(pdu: Delivery, now: Date): DeliveryReading {
    const kind = pdu.esmClass & KIND_BITS
    if (kind === INTERMEDIATE) return { kind: 'intermediate' }
    if (kind !== RECEIPT && (kind !== 0 || !this.#settings.receipts_by_text)) return this.#message(pdu)
    const words = textOf(pdu)
    const text = parseReceiptText(words)
    const [id, ...otherIds] = this.#idsOf(pdu, text.id)
    const state = this.#stateOf(pdu, text.stat)
    if (id === undefined || !state) {
      return kind === RECEIPT ? { kind: 'unreadable', id: id ?? null, words: describe(pdu, words) } : this.#message(pdu)
    }
    if (state === 'intermediate') return { kind: 'intermediate' }
    return { kind: 'receipt', receipt: this.#receipt(pdu, { ...text, words }, id, otherIds, state, now) }
  }

  #message(pdu: Delivery): DeliveryReading {
    return { kind: 'message', message: readIncoming(pdu, userDataOf(pdu), this.#settings.gsm7) }
  }

  #receipt(
    pdu: Delivery,
    text: ReceiptText & { readonly words: string },
    id: string,
    otherIds: readonly string[],
    status: Receipt['status'],
    now: Date,
  ): Receipt {
    const { receipt_utc_offset_minutes: offset, receipts_by_id_alone: byIdAlone } = this.#settings
    const doneAt = text.doneDate === null ? null : parseReceiptDate(text.doneDate, offset)
    return {
      operatorMessageId: id,
      otherIds,
      // The message's recipient is the receipt's source (SMPP 3.4, appendix B); some SMSCs do not turn the two round.
      recipients: byIdAlone ? [] : digitsOf([pdu.sourceAddr, pdu.destinationAddr]),
      status,
      errorCode: status === 'delivered' ? null : errorOf(pdu, text.err),
      at: receiptTime(doneAt?.getTime() ?? null, now.getTime()),
      words: describe(pdu, text.words),
    }
  }

  /** The TLV first: it is there for nothing else, and has the id as the answer had it. The text's, if it is another. */
  #idsOf(pdu: Delivery, written: string | null): string[] {
    const { message_id: forms } = this.#settings
    const ids = [
      canonicalMessageId(readTlv(pdu.tlvs, 'receipted_message_id') ?? '', forms.receipt_tlv),
      canonicalMessageId(written ?? '', forms.receipt),
    ]
    return [...new Set(ids.filter((id) => id !== ''))]
  }

  /** Whichever of TLV and text is final; the TLV if both are. */
  #stateOf(pdu: Delivery, stat: string | null): ReceiptState | null {
    const numbered = this.#states.numbered(readTlv(pdu.tlvs, 'message_state'))
    if (numbered !== null && numbered !== 'intermediate') return numbered
    return (stat === null ? null : this.#states.written(stat)) ?? numbered
  }
}

/** The short message, or message_payload where that is empty; with its header, if it has one. */
export function userDataOf(pdu: Delivery): Buffer {
  const written = 'shortMessage' in pdu ? pdu.shortMessage : Buffer.alloc(0)
  return written.length > 0 ? written : (readTlv(pdu.tlvs, 'message_payload') ?? written)
}

function textOf(pdu: Delivery): string {
  const octets = userDataOf(pdu)
  const text = pdu.esmClass & ESM_CLASS_UDHI ? octets.subarray(1 + (octets[0] ?? 0)) : octets
  // A receipt's text begins with ASCII, of which UCS-2 has a zero octet in front: SMSCs are known that name the coding of
  // the message and write Latin-1.
  if (pdu.dataCoding !== UCS2_CODING || text[0] !== 0) return text.toString('latin1')
  return Buffer.from(text.subarray(0, text.length & ~1))
    .swap16()
    .toString('utf16le')
}

/** For people: what a receipt says, and the parameters that it says it by. */
function describe(pdu: Delivery, text: string): string {
  const id = readTlv(pdu.tlvs, 'receipted_message_id')
  const state = readTlv(pdu.tlvs, 'message_state')
  const parameters = [
    ...(id === undefined ? [] : [`receipted_message_id=${cleanText(id, 64)}`]),
    ...(state === undefined ? [] : [`message_state=${state}`]),
    `source_addr=${cleanText(pdu.sourceAddr, 32)}`,
  ]
  return cleanText(`${parameters.join(' ')} ${text}`, RECEIPT_WORDS_MAX)
}

function digitsOf(addresses: readonly string[]): string[] {
  return addresses.flatMap((address) => comparableDigits(address) ?? [])
}

/** As the operator writes it; else the network's error, as `<network type>:<error>` (SMPP 3.4, 5.3.2.31). */
function errorOf(pdu: Delivery, err: string | null): string | null {
  const written = err === null ? '' : cleanText(err, CODE_CHARS_MAX)
  if (!/^0*$/.test(written)) return written
  const network = readTlv(pdu.tlvs, 'network_error_code')
  return network?.length === 3 ? `${network[0]}:${network.readUInt16BE(1)}` : null
}
