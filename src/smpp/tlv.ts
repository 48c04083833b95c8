import type { ByteCursor } from './byte-cursor.ts'
import { COMMAND_STATUS } from './command-status.ts'
import { cString } from './field-kinds.ts'
import { TLVS, type TlvForm, type TlvName } from './tlv-catalogue.ts'

/**
 * An optional parameter (SMPP 3.4, 3.2.4) as it is on the wire. Kept as bytes and in its place, so that unknown
 * parameters, and vendors' own, are written back as they came.
 */
export interface Tlv {
  readonly tag: number
  readonly value: Buffer
}

type Value<Form extends TlvForm> = Form extends 'c-string' ? string : Form extends 'octets' ? Buffer : number
type ValueOf<Name extends TlvName> = Value<(typeof TLVS)[Name]['form']>

const TLV_HEADER_OCTETS = 4
const BROKEN = COMMAND_STATUS.ESME_RINVOPTPARSTREAM.code
const TEXT = cString(0xffff)

/** A catalogued TLV. Throws `RangeError` for a value that its form does not hold. */
export function createTlv<Name extends TlvName>(name: Name, value: ValueOf<Name>): Tlv {
  const { tag, form }: { tag: number; form: TlvForm } = TLVS[name]
  return { tag, value: writeForm(form, value) }
}

function writeForm(form: TlvForm, value: string | Buffer | number): Buffer {
  if (Buffer.isBuffer(value)) return value
  if (typeof value === 'string') {
    const bytes = Buffer.alloc(TEXT.size(value))
    TEXT.write(bytes, 0, value)
    return bytes
  }
  const bytes = Buffer.alloc(form === 'int1' ? 1 : form === 'int2' ? 2 : 4)
  bytes.writeUIntBE(value, 0, bytes.length)
  return bytes
}

/**
 * What the first TLV of that name says; undefined where there is none, or none of its form. Integers are taken in any
 * width up to four octets and strings without their terminator, as SMSCs are known to send them.
 */
export function readTlv<Name extends TlvName>(tlvs: readonly Tlv[], name: Name): ValueOf<Name> | undefined {
  const { tag, form }: { tag: number; form: TlvForm } = TLVS[name]
  const value = tlvs.find((each) => each.tag === tag)?.value
  return value === undefined ? undefined : (readForm(form, value) as ValueOf<Name> | undefined)
}

function readForm(form: TlvForm, value: Buffer): string | Buffer | number | undefined {
  if (form === 'octets') return value
  if (form !== 'c-string') return value.length > 0 && value.length <= 4 ? value.readUIntBE(0, value.length) : undefined
  const end = value.indexOf(0)
  return value.toString('latin1', 0, end === -1 ? value.length : end)
}

export function tlvsSize(tlvs: readonly Tlv[]): number {
  let size = 0
  for (const { tag, value } of tlvs) {
    if (!Number.isInteger(tag) || tag < 0 || tag > 0xffff) throw new RangeError(`${tag} is not the tag of a TLV`)
    if (value.length > 0xffff) throw new RangeError(`${value.length} octets exceed a TLV`)
    size += TLV_HEADER_OCTETS + value.length
  }
  return size
}

export function writeTlvs(buffer: Buffer, at: number, tlvs: readonly Tlv[]): number {
  for (const { tag, value } of tlvs) {
    at = buffer.writeUInt16BE(tag, at)
    at = buffer.writeUInt16BE(value.length, at)
    buffer.set(value, at)
    at += value.length
  }
  return at
}

/**
 * All that is left of the frame. NULs too few to be a TLV are left out: SMSCs and clients are known that end the short
 * message with one, which its length does not count. A lenient cursor is faulted as well, behind what could be read.
 */
export function readTlvs(cursor: ByteCursor): Tlv[] {
  const tlvs: Tlv[] = []
  while (cursor.left >= TLV_HEADER_OCTETS) {
    const tag = cursor.int2()
    const length = cursor.int2()
    if (length > cursor.left) {
      // A text that is cut says what it can; a cut id would be another's.
      if (cursor.isLenient && tag === TLVS.message_payload.tag) tlvs.push({ tag, value: cursor.octets(cursor.left) })
      cursor.fault(BROKEN, `a TLV of ${length} octets exceeds its PDU`)
    } else tlvs.push({ tag, value: cursor.octets(length) })
  }
  while (cursor.left > 0) {
    if (cursor.int1() !== 0) cursor.fault(BROKEN, 'the last octets are no TLV')
  }
  return tlvs
}
