/*
  The header in front of a short message's text, announced by bit 6 of esm_class (3GPP TS 23.040, 9.2.3.24):
    User data header => length [information elements]
    Information element => id length data
*/

/** Bit of esm_class: the short message begins with a user data header. */
export const ESM_CLASS_UDHI = 0x40

/** One information element. `other` keeps what is unknown, or malformed, as it came. */
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
  | { readonly kind: 'ports'; readonly bits: 8 | 16; readonly destination: number; readonly source: number }
  | { readonly kind: 'other'; readonly id: number; readonly data: Buffer }

const CONCATENATION_8 = 0x00
const PORTS_8 = 0x04
const PORTS_16 = 0x05
const CONCATENATION_16 = 0x08
const SINGLE_SHIFT = 0x24
const LOCKING_SHIFT = 0x25

/** The header with its length octet. Throws `RangeError` for what does not fit into the elements, or 255 octets. */
export function encodeUserDataHeader(elements: readonly HeaderElement[]): Buffer {
  const encoded = elements.map(encodeElement)
  const length = encoded.reduce((sum, { length: each }) => sum + each, 0)
  if (length > 0xff) throw new RangeError(`a user data header of ${length} octets exceeds 255`)
  return Buffer.concat([Buffer.of(length), ...encoded])
}

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

function encodeElement(element: HeaderElement): Buffer {
  switch (element.kind) {
    case 'concatenation': {
      const { bits, reference, parts, part } = element
      if (part < 1 || part > parts) throw new RangeError(`part ${part} of ${parts}`)
      const data = [...uint(reference, bits), ...uint(parts, 8), ...uint(part, 8)]
      return informationElement(bits === 8 ? CONCATENATION_8 : CONCATENATION_16, data)
    }
    case 'ports':
      return informationElement(element.bits === 8 ? PORTS_8 : PORTS_16, [
        ...uint(element.destination, element.bits),
        ...uint(element.source, element.bits),
      ])
    case 'single-shift':
      return informationElement(SINGLE_SHIFT, uint(element.language, 8))
    case 'locking-shift':
      return informationElement(LOCKING_SHIFT, uint(element.language, 8))
    case 'other':
      return informationElement(element.id, element.data)
  }
}

function informationElement(id: number, data: ArrayLike<number>): Buffer {
  return Buffer.from([...uint(id, 8), ...uint(data.length, 8), ...Array.from(data)])
}

function uint(value: number, bits: 8 | 16): number[] {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) throw new RangeError(`${value} is not ${bits} bits`)
  return bits === 8 ? [value] : [value >> 8, value & 0xff]
}

function decodeElement(id: number, data: Buffer): HeaderElement {
  const known =
    id === CONCATENATION_8 || id === CONCATENATION_16
      ? concatenation(id === CONCATENATION_8 ? 8 : 16, data)
      : id === PORTS_8 || id === PORTS_16
        ? ports(id === PORTS_8 ? 8 : 16, data)
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

function ports(bits: 8 | 16, data: Buffer): HeaderElement | null {
  const octets = bits / 8
  if (data.length !== 2 * octets) return null
  return {
    kind: 'ports',
    bits,
    destination: data.readUIntBE(0, octets),
    source: data.readUIntBE(octets, octets),
  }
}
