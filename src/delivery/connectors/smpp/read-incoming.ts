import { createHash } from 'node:crypto'
import { cleanText } from '../../../domain/text/clean-text.ts'
import type { Charset } from '../../../domain/text/coding.ts'
import { decodeText } from '../../../domain/text/decode-text.ts'
import type { GsmTables } from '../../../domain/text/gsm-alphabet.ts'
import { languageById } from '../../../domain/text/user-data-header.ts'
import { readTlv, type Tlv } from '../../../smpp/tlv.ts'
import { ESM_CLASS_UDHI, type HeaderElement, splitUserData } from '../../../smpp/user-data-header.ts'
import { INCOMING_OCTETS_MAX, type IncomingMessage } from '../connector.ts'
import { unpackSeptets } from './pack-septets.ts'
import type { Delivery } from './session-actions.ts'

/** Bits 5 to 2 of esm_class, of which these two are a phone's answers (SMPP 3.4, 5.2.12). */
const KIND_BITS = 0x3c
const PHONE_ANSWERS = new Set([0x08, 0x10])
const ADDRESS_CHARS_MAX = 64
/** Bits 3 and 2 of a general data coding (3GPP TS 23.038, clause 4); the last is reserved. */
const ALPHABETS: readonly (Charset | null)[] = ['gsm7', null, 'ucs2', null]

/** Reads a message from a subscriber. `userData` is what the PDU carries, with its header. Never throws. */
export function readIncoming(pdu: Delivery, userData: Buffer, gsm7: 'packed' | 'unpacked'): IncomingMessage {
  const split = pdu.esmClass & ESM_CLASS_UDHI ? splitUserData(userData) : { header: [], text: userData }
  const header = split?.header ?? []
  return {
    kind: PHONE_ANSWERS.has(pdu.esmClass & KIND_BITS) ? 'acknowledgement' : 'message',
    from: cleanText(pdu.sourceAddr, ADDRESS_CHARS_MAX),
    to: cleanText(pdu.destinationAddr, ADDRESS_CHARS_MAX),
    text: split && textOf(split.text, userData.length - split.text.length, pdu.dataCoding, header, gsm7),
    dataCoding: pdu.dataCoding,
    concatenation: placeInHeader(header) ?? placeInParameters(pdu.tlvs),
    octets: userData.subarray(0, INCOMING_OCTETS_MAX),
    octetsTotal: userData.length,
    digest: digestOf(pdu, userData),
  }
}

/** What two deliveries are compared by. */
export function digestOf(pdu: Delivery, userData: Buffer): string {
  const { sourceAddr, destinationAddr, esmClass, dataCoding } = pdu
  const hash = createHash('sha256').update(`${sourceAddr}\0${destinationAddr}\0${esmClass}\0${dataCoding}\0`)
  hash.update(`${userData.length}\0`).update(userData)
  for (const { tag, value } of pdu.tlvs) hash.update(`${tag}\0${value.length}\0`).update(value)
  return hash.digest('base64url')
}

function textOf(
  octets: Buffer,
  headerOctets: number,
  dataCoding: number,
  header: readonly HeaderElement[],
  gsm7: 'packed' | 'unpacked',
): string | null {
  const charset = charsetOf(dataCoding)
  if (charset === null) return null
  const bounded = octets.subarray(0, INCOMING_OCTETS_MAX)
  const units = charset === 'gsm7' && gsm7 === 'packed' ? unpackSeptets(bounded, headerOctets) : bounded
  // Line breaks are a subscriber's own words; what else is unclean becomes a space.
  const lines = decodeText(units, charset, tablesOf(header)).split(/\r\n|\r|\n/)
  return lines.map((line) => cleanText(line, INCOMING_OCTETS_MAX)).join('\n')
}

/** SMPP 3.4, 5.2.19, and beyond its own values the data coding scheme of 3GPP TS 23.038, clause 4. Null for octets. */
function charsetOf(dataCoding: number): Charset | null {
  if (dataCoding === 0) return 'gsm7'
  if (dataCoding === 1 || dataCoding === 3) return 'latin1'
  if (dataCoding === 8) return 'ucs2'
  if (dataCoding >= 0xf0) return (dataCoding & 0x04) === 0 ? 'gsm7' : null
  if (dataCoding < 0x10 || dataCoding > 0x3f) return null
  return ALPHABETS[(dataCoding >> 2) & 0x03]!
}

function tablesOf(header: readonly HeaderElement[]): GsmTables {
  const language = (of: 'single-shift' | 'locking-shift') => {
    const element = header.findLast(({ kind }) => kind === of)
    return element?.kind === of ? languageById(element.language) : null
  }
  return { locking: language('locking-shift'), shift: language('single-shift') }
}

function placeInHeader(header: readonly HeaderElement[]): IncomingMessage['concatenation'] {
  const element = header.findLast(({ kind }) => kind === 'concatenation')
  if (element?.kind !== 'concatenation') return null
  return { reference: element.reference, total: element.parts, part: element.part }
}

function placeInParameters(tlvs: readonly Tlv[]): IncomingMessage['concatenation'] {
  const reference = readTlv(tlvs, 'sar_msg_ref_num')
  const total = readTlv(tlvs, 'sar_total_segments')
  const part = readTlv(tlvs, 'sar_segment_seqnum')
  const isWhole = reference === undefined || total === undefined || part === undefined
  // Integers may come wider than their form; the table has smallints.
  if (isWhole || reference > 0xffff || total > 0xff || part > 0xff) return null
  return { reference, total, part }
}
