/*
  The header in front of a short message's text, announced by bit 6 of esm_class (3GPP TS 23.040, 9.2.3.24):
    User data header => length [information elements]
    Information element => id length data
*/

/** Bit of esm_class: the short message begins with a user data header. */
export const ESM_CLASS_UDHI = 0x40

/** One information element. `other` keeps what is not read here, or is malformed, as it came. */
export type HeaderElement =
  /** Part `part` of `parts`, from 1. The reference has 8 or 16 bits. */
  | {
      readonly kind: 'concatenation'
      readonly bits: 8 | 16
      readonly reference: number
      readonly parts: number
      readonly part: number
    }
  /** A national language table (3GPP TS 23.038, 6.2.1.2) in the place of the extension, or of the whole alphabet. */
  | { readonly kind: 'single-shift' | 'locking-shift'; readonly language: number }
  | { readonly kind: 'other'; readonly id: number; readonly data: Buffer }

const CONCATENATION_8 = 0x00
const CONCATENATION_16 = 0x08
const SINGLE_SHIFT = 0x24
const LOCKING_SHIFT = 0x25

/** A message that begins with a header, taken apart; null where the header exceeds the message or its own length. */
export function splitUserData(
  message: Buffer,
): { readonly header: readonly HeaderElement[]; readonly text: Buffer } | null {
  const end = 1 + (message[0] ?? Number.POSITIVE_INFINITY)
  if (end > message.length) return null
  const header: HeaderElement[] = []
  let at = 1
  while (at < end) {
    const dataAt = at + 2
    const dataEnd = dataAt + (message[at + 1] ?? 0)
    if (dataAt > end || dataEnd > end) return null
    header.push(decodeElement(message[at]!, message.subarray(dataAt, dataEnd)))
    at = dataEnd
  }
  return { header, text: message.subarray(end) }
}

function decodeElement(id: number, data: Buffer): HeaderElement {
  const known =
    id === CONCATENATION_8 || id === CONCATENATION_16
      ? concatenation(id === CONCATENATION_8 ? 8 : 16, data)
      : (id === SINGLE_SHIFT || id === LOCKING_SHIFT) && data.length === 1
        ? ({ kind: id === SINGLE_SHIFT ? 'single-shift' : 'locking-shift', language: data[0]! } as const)
        : null
  return known ?? { kind: 'other', id, data: Buffer.from(data) }
}

/** Null for a part of none, or beyond the last: such an element is to be ignored (23.040, 9.2.3.24.1). */
function concatenation(bits: 8 | 16, data: Buffer): HeaderElement | null {
  const octets = bits / 8
  if (data.length !== octets + 2) return null
  const [parts, part] = [data[octets]!, data[octets + 1]!]
  if (part < 1 || part > parts) return null
  return { kind: 'concatenation', bits, reference: data.readUIntBE(0, octets), parts, part }
}
