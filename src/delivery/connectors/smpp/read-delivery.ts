import type { CompleteSmppSettings } from '../../../operators/smpp-settings.ts'
import { readTlv } from '../../../smpp/tlv.ts'
import { ESM_CLASS_UDHI } from '../../../smpp/user-data-header.ts'
import type { Receipt } from '../connector.ts'
import { canonicalMessageId } from './canonical-message-id.ts'
import { parseReceiptDate, parseReceiptText } from './parse-receipt-text.ts'
import type { Delivery } from './session-actions.ts'

/**
 * What an SMSC delivered:
 * - `receipt`: the last word on a message;
 * - `intermediate`: a word before the last, which changes nothing;
 * - `message`: from a subscriber, or an answer of its phone;
 * - `unreadable`: a receipt by its esm_class, without an id or a state that anyone knows.
 */
export type DeliveryReading =
  | { readonly kind: 'receipt'; readonly receipt: Receipt }
  | { readonly kind: 'intermediate' | 'message' | 'unreadable' }

export type ReceiptSettings = Pick<
  CompleteSmppSettings,
  'message_id' | 'receipts_by_text' | 'receipt_utc_offset_minutes'
>

/** Bits 5 to 2 of esm_class: what kind of message is delivered (SMPP 3.4, 5.2.12). */
const KIND_BITS = 0x3c
const RECEIPT = 0x04
const INTERMEDIATE = 0x20

const UCS2_CODING = 8

type State = Receipt['status'] | 'intermediate'

/** message_state (SMPP 3.4, 5.2.28; 0 and 9 are of SMPP 5.0). What was only accepted may still be delivered. */
const STATES: readonly State[] = [
  'intermediate',
  'intermediate',
  'delivered',
  'expired',
  'failed',
  'failed',
  'intermediate',
  'unknown',
  'rejected',
  'failed',
]

/** The beginnings of what is written behind `stat:`, as appendix B has it and as others write it. */
const WRITTEN_STATES: readonly (readonly [string, State])[] = [
  ['DELIV', 'delivered'],
  ['DLVRD', 'delivered'],
  ['EXPI', 'expired'],
  ['DELE', 'failed'],
  ['UNDE', 'failed'],
  ['FAIL', 'failed'],
  ['SKIP', 'failed'],
  ['REJE', 'rejected'],
  ['UNKN', 'unknown'],
  ['ACCE', 'intermediate'],
  ['ENRO', 'intermediate'],
  ['SCHE', 'intermediate'],
  ['BUFF', 'intermediate'],
  ['SUBM', 'intermediate'],
  ['SENT', 'intermediate'],
]

/** Never throws. `now` stands for the time that a receipt does not tell, and is the latest that one can. */
export function readDelivery(pdu: Delivery, settings: ReceiptSettings, now: Date): DeliveryReading {
  const kind = pdu.esmClass & KIND_BITS
  if (kind === INTERMEDIATE) return { kind: 'intermediate' }
  if (kind !== RECEIPT && (kind !== 0 || !settings.receipts_by_text)) return { kind: 'message' }
  const text = parseReceiptText(textOf(pdu))
  const id = idOf(pdu, text.id, settings)
  const state = stateOf(pdu, text.stat)
  if (!id || !state) return { kind: kind === RECEIPT ? 'unreadable' : 'message' }
  if (state === 'intermediate') return { kind: 'intermediate' }
  const doneAt = text.doneDate === null ? null : parseReceiptDate(text.doneDate, settings.receipt_utc_offset_minutes)
  return {
    kind: 'receipt',
    receipt: {
      operatorMessageId: id,
      status: state,
      errorCode: state === 'delivered' ? null : errorOf(pdu, text.err),
      at: doneAt !== null && doneAt < now ? doneAt : now,
    },
  }
}

function textOf(pdu: Delivery): string {
  const written = 'shortMessage' in pdu ? pdu.shortMessage : Buffer.alloc(0)
  const octets = written.length > 0 ? written : (readTlv(pdu.tlvs, 'message_payload') ?? written)
  const text = pdu.esmClass & ESM_CLASS_UDHI ? octets.subarray(1 + (octets[0] ?? 0)) : octets
  if (pdu.dataCoding !== UCS2_CODING) return text.toString('latin1')
  return Buffer.from(text.subarray(0, text.length & ~1))
    .swap16()
    .toString('utf16le')
}

/** The TLV first: it is there for nothing else, and has the id as the answer had it. */
function idOf(pdu: Delivery, written: string | null, { message_id: forms }: ReceiptSettings): string | null {
  const tlv = readTlv(pdu.tlvs, 'receipted_message_id')?.trim()
  if (tlv) return canonicalMessageId(tlv, forms.receipt_tlv)
  return written === null ? null : canonicalMessageId(written, forms.receipt)
}

/** Whichever of TLV and text is final; the TLV if both are. */
function stateOf(pdu: Delivery, stat: string | null): State | null {
  const told = STATES[readTlv(pdu.tlvs, 'message_state') ?? -1] ?? null
  if (told !== null && told !== 'intermediate') return told
  return (stat === null ? null : writtenState(stat.toUpperCase())) ?? told
}

function writtenState(stat: string): State | null {
  if (/^[0-9]$/.test(stat)) return STATES[Number(stat)]!
  return WRITTEN_STATES.find(([beginning]) => stat.startsWith(beginning))?.[1] ?? null
}

/** As the operator writes it; else the network's error, as `<network type>:<error>` (SMPP 3.4, 5.3.2.31). */
function errorOf(pdu: Delivery, err: string | null): string | null {
  if (err !== null && !/^0*$/.test(err)) return err.slice(0, 32)
  const network = readTlv(pdu.tlvs, 'network_error_code')
  return network?.length === 3 ? `${network[0]}:${network.readUInt16BE(1)}` : null
}
