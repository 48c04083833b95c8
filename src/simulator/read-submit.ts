import type { Charset } from '../domain/text/coding.ts'
import { decodeText } from '../domain/text/decode-text.ts'
import type { GsmTables } from '../domain/text/gsm-alphabet.ts'
import { type Concatenation, languageById } from '../domain/text/user-data-header.ts'
import { readTlv, type Tlv } from '../smpp/tlv.ts'
import { ESM_CLASS_UDHI, type HeaderElement, splitUserData } from '../smpp/user-data-header.ts'
import type { SubmitKey } from './behaviour.ts'
import type { SubmitPdu } from './session.ts'
import { readAddress } from './smpp-address.ts'

/** The vendor TLV in which the gateway names `<message>.<attempt>.<part>`, by which it is audited. */
const REFERENCE_TAG = 0x1501

/** What a submit says, as the ledger has it. */
export interface ReceivedSubmit {
  readonly key: SubmitKey
  /** `<message>.<attempt>`; null when the peer does not send it. */
  readonly ref: string | null
  /** The reference that parts of one text share; null for one that is whole. */
  readonly concatenation: number | null
  readonly to: string
  readonly from: string
  readonly charset: Charset
  readonly text: string
  readonly wantsReceipt: 'always' | 'failed' | 'never'
}

type Place = Pick<Concatenation, 'reference' | 'total' | 'part'>

/** Bits 1 and 0 of registered_delivery (SMPP 3.4, 5.2.17); the last value is reserved. */
const RECEIPT_WANTED = ['never', 'always', 'failed', 'never'] as const

/** Null where the header in front of the text is broken. */
export function readSubmit(pdu: SubmitPdu): ReceivedSubmit | null {
  const message = messageOf(pdu)
  const split = (pdu.esmClass & ESM_CLASS_UDHI) === 0 ? { header: NO_HEADER, text: message } : splitUserData(message)
  if (!split) return null
  const place = headerPlace(split.header) ?? sarPlace(pdu.tlvs)
  const to = readAddress({ ton: pdu.destAddrTon, addr: pdu.destinationAddr })
  const charset = charsetOf(pdu.dataCoding)
  return {
    ...identify(pdu, to, place),
    concatenation: place?.reference ?? null,
    to,
    from: readAddress({ ton: pdu.sourceAddrTon, addr: pdu.sourceAddr }),
    charset,
    text: decodeText(split.text, charset, tablesOf(split.header)),
    wantsReceipt: RECEIPT_WANTED[pdu.registeredDelivery & 0x03]!,
  }
}

const NO_HEADER: readonly HeaderElement[] = []

function headerPlace(header: readonly HeaderElement[]): Place | null {
  const element = header.findLast(({ kind }) => kind === 'concatenation')
  if (element?.kind !== 'concatenation') return null
  const { reference, parts: total, part } = element
  return { reference, total, part }
}

function tablesOf(header: readonly HeaderElement[]): GsmTables {
  const tables: { locking: GsmTables['locking']; shift: GsmTables['shift'] } = { locking: null, shift: null }
  for (const element of header) {
    if (element.kind === 'single-shift') tables.shift = languageById(element.language)
    if (element.kind === 'locking-shift') tables.locking = languageById(element.language)
  }
  return tables
}

function messageOf(pdu: SubmitPdu): Buffer {
  const payload = pdu.tlvs.length > 0 ? readTlv(pdu.tlvs, 'message_payload') : undefined
  if (payload) return payload
  return pdu.command === 'submit_sm' ? pdu.shortMessage : Buffer.alloc(0)
}

/** A submit that names no message is identified by its recipient and its sequence number. */
function identify(pdu: SubmitPdu, to: string, place: Place | null): Pick<ReceivedSubmit, 'key' | 'ref'> {
  const { part, total: parts } = place ?? { part: 1, total: 1 }
  const tlv = pdu.tlvs.find(({ tag }) => tag === REFERENCE_TAG)
  if (!tlv) return { ref: null, key: { message: to, submit: `${to} ${pdu.sequence}`, part, parts } }
  const reference = tlv.value.toString('latin1').replace(/\0$/, '')
  const [message, attempt] = reference.split('.')
  return { ref: `${message}.${attempt}`, key: { message: message!, submit: reference, part, parts } }
}

function sarPlace(tlvs: readonly Tlv[]): Place | null {
  if (tlvs.length === 0) return null
  const reference = readTlv(tlvs, 'sar_msg_ref_num')
  const total = readTlv(tlvs, 'sar_total_segments')
  const part = readTlv(tlvs, 'sar_segment_seqnum')
  if (reference === undefined || total === undefined || part === undefined) return null
  return { reference, total, part }
}

/**
 * SMPP 3.4, 5.2.19, and beyond its own values the data coding scheme of 3GPP TS 23.038, clause 4. Octets of unknown
 * coding are read as they are, one character each.
 */
function charsetOf(dataCoding: number): Charset {
  if (dataCoding === 0) return 'gsm7'
  if (dataCoding === 8) return 'ucs2'
  if (dataCoding >= 0xf0) return (dataCoding & 0x04) === 0 ? 'gsm7' : 'latin1'
  if (dataCoding < 0x10 || dataCoding > 0x3f) return 'latin1'
  const alphabet = (dataCoding >> 2) & 0x03
  return alphabet === 0 ? 'gsm7' : alphabet === 2 ? 'ucs2' : 'latin1'
}
