import { parseSender, recipientAddress } from '../../../domain/sender.ts'
import { type SplitOptions, type SplitText, splitText } from '../../../domain/text/split-text.ts'
import { type Concatenation, writeHeader } from '../../../domain/text/user-data-header.ts'
import { createPdu, type PduOf } from '../../../smpp/pdu.ts'
import { formatAbsoluteTime, formatRelativeTime } from '../../../smpp/smpp-time.ts'
import { createTlv, type Tlv } from '../../../smpp/tlv.ts'
import { ESM_CLASS_UDHI } from '../../../smpp/user-data-header.ts'
import type { OutgoingMessage } from '../connector.ts'
import { packSeptets } from './pack-septets.ts'
import type { CompleteSmppSettings } from './smpp-settings.ts'

/** A message that cannot be submitted to this operator as it is. `code` is the error code of the failed attempt. */
export class ComposeError extends Error {
  override readonly name = 'ComposeError'
  readonly code: string

  constructor(code: string) {
    super(`the message cannot be written as SMPP: ${code}`)
    this.code = code
  }
}

/** Beyond it, and with more than one part, only message_payload holds a text. */
const SINGLE_OCTETS = { gsm7: 160, latin1: 140, ucs2: 140 } as const
const VALIDITY_MS_MAX = 31 * 86_400_000
/** Message class 0 of the general data coding group (3GPP TS 23.038, clause 4); ISO 8859-1 has none there. */
const FLASH_CODINGS = { gsm7: 0x10, latin1: null, ucs2: 0x18 } as const
/** SMPP 3.4, 5.3.2.1: the phone's display. */
const DISPLAY = 1
const REFERENCES = { udh8: 8, udh16: 16, sar: 'sar', payload: 'none' } as const satisfies Record<
  CompleteSmppSettings['concatenation'],
  SplitOptions['reference']
>

/** Writes messages as submit_sm for one operator. */
export class SubmitComposer {
  readonly #settings: CompleteSmppSettings
  readonly #tlvs: readonly Tlv[]
  /** A message is divided once, though its parts are asked for one by one. */
  readonly #divided = new WeakMap<OutgoingMessage, SplitText>()

  constructor(settings: CompleteSmppSettings) {
    this.#settings = settings
    this.#tlvs = settings.tlvs.map((tlv) => ({
      tag: tlv.tag,
      value: 'hex' in tlv ? Buffer.from(tlv.hex, 'hex') : Buffer.from(tlv.text, 'latin1'),
    }))
  }

  /** One also for a message that cannot be written, for which `compose` throws. */
  partsOf(message: OutgoingMessage): number {
    return Math.max(1, this.#divide(message)?.parts.length ?? 1)
  }

  /**
   * The submit of a part, from 1, with the sequence number 0. Throws ComposeError when text or sender cannot be
   * written, and RangeError for what its field does not hold.
   */
  compose(message: OutgoingMessage, part: number, nowMs: number): PduOf<'submit_sm'> {
    const settings = this.#settings
    const divided = this.#divide(message)
    if (!divided) throw new ComposeError('text-not-in-encoding')
    const { header, octets, tlvs } = this.#userData(message, divided, part)
    const isLong = octets.length + header.length > SINGLE_OCTETS[divided.charset]
    const usesPayload = settings.concatenation === 'payload' && isLong
    const userData = Buffer.concat([header, octets])
    const flash = message.flash && settings.flash === 'data_coding' ? FLASH_CODINGS[divided.charset] : null
    if (message.flash && flash === null) tlvs.push(createTlv('dest_addr_subunit', DISPLAY))
    if (usesPayload) tlvs.push(createTlv('message_payload', userData))
    if (settings.reference_tlv !== undefined) {
      tlvs.push({ tag: settings.reference_tlv, value: Buffer.from(`${message.ref}.${part}\0`, 'latin1') })
    }
    return createPdu('submit_sm', 0, {
      serviceType: settings.service_type,
      ...this.#sender(message),
      ...this.#recipient(message),
      esmClass: header.length > 0 ? ESM_CLASS_UDHI : 0,
      protocolId: settings.protocol_id,
      priorityFlag: settings.priority_flags[message.priority] ?? 0,
      validityPeriod: this.#validity(message, nowMs),
      registeredDelivery: settings.registered_delivery,
      dataCoding: flash ?? settings.data_coding[divided.charset],
      ...(usesPayload ? {} : { shortMessage: userData }),
      tlvs: [...tlvs, ...this.#tlvs],
    })
  }

  #divide(message: OutgoingMessage): SplitText | null {
    const known = this.#divided.get(message)
    if (known) return known
    const divided = splitText(message.text, message.encoding, { reference: REFERENCES[this.#settings.concatenation] })
    if (divided) this.#divided.set(message, divided)
    return divided
  }

  #userData(message: OutgoingMessage, { charset, tables, parts }: SplitText, part: number) {
    const { concatenation, gsm7 } = this.#settings
    const octets = parts[part - 1]?.octets ?? Buffer.alloc(0)
    const place = parts.length > 1 ? { reference: referenceOf(message.smsId), total: parts.length, part } : null
    const tlvs: Tlv[] = []
    let inHeader: Concatenation | null = null
    if (place && concatenation === 'sar') {
      tlvs.push(
        createTlv('sar_msg_ref_num', place.reference),
        createTlv('sar_total_segments', place.total),
        createTlv('sar_segment_seqnum', place.part),
      )
    } else if (place) inHeader = { bits: concatenation === 'udh16' ? 16 : 8, ...place }
    const header = writeHeader(tables, inHeader)
    const isPacked = charset === 'gsm7' && gsm7 === 'packed'
    return { header, octets: isPacked ? packSeptets(octets, header.length) : octets, tlvs }
  }

  #sender(message: OutgoingMessage) {
    const { sender } = this.#settings
    const given = message.sender ?? sender?.default
    if (given === undefined) return {}
    const address = parseSender(given)
    if (!address) throw new ComposeError('sender-not-an-address')
    const { ton, npi } = { ...address, ...sender?.[address.kind] }
    return { sourceAddrTon: ton, sourceAddrNpi: npi, sourceAddr: address.address }
  }

  #recipient({ phone }: OutgoingMessage) {
    const { recipient } = this.#settings
    const { ton, npi, address } = { ...recipientAddress(phone), ...recipient }
    return { destAddrTon: ton, destAddrNpi: npi, destinationAddr: recipient.plus ? `+${address}` : address }
  }

  #validity({ validUntilMs }: OutgoingMessage, nowMs: number): string {
    const { validity } = this.#settings
    if (validUntilMs === null || validity === 'none') return ''
    if (validity === 'absolute') return formatAbsoluteTime(new Date(validUntilMs))
    return formatRelativeTime(Math.min(validUntilMs - nowMs, VALIDITY_MS_MAX))
  }
}

/**
 * What a message's parts have in common, 16 bits of which the lower 8 may be all that is used: the same at every
 * attempt, and another for the messages of the same quarter of a second. An id has milliseconds above 13 bits of slot
 * and count (`src/domain/sms-id.ts`).
 */
function referenceOf(smsId: number): number {
  return (Math.floor(smsId / 8_192) + (smsId % 8_192)) & 0xffff
}
