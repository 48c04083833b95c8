/**
 * Septets, one an octet, as eight in seven octets (3GPP TS 23.038, 6.1.2.1). Behind a header of that many octets they
 * begin at the next whole septet.
 */
export function packSeptets(septets: Uint8Array, headerOctets: number): Buffer {
  const fillBits = (7 - ((headerOctets * 8) % 7)) % 7
  const packed = Buffer.alloc(Math.ceil((fillBits + septets.length * 7) / 8))
  let bit = fillBits
  for (const septet of septets) {
    const [at, shift] = [bit >> 3, bit & 7]
    packed[at]! |= (septet << shift) & 0xff
    if (shift > 1) packed[at + 1]! |= septet >> (8 - shift)
    bit += 7
  }
  return packed
}

/** What `packSeptets` has packed. Seven bits of zero at the end of a last octet are padding, not an `@`. */
export function unpackSeptets(packed: Uint8Array, headerOctets: number): Buffer {
  const fillBits = (7 - ((headerOctets * 8) % 7)) % 7
  const count = Math.max(0, Math.floor((packed.length * 8 - fillBits) / 7))
  const septets = Buffer.alloc(count)
  for (let index = 0; index < count; index++) {
    const bit = fillBits + index * 7
    const pair = packed[bit >> 3]! | ((packed[(bit >> 3) + 1] ?? 0) << 8)
    septets[index] = (pair >> (bit & 7)) & 0x7f
  }
  const isPadded = count > 0 && septets[count - 1] === 0 && (fillBits + count * 7) % 8 === 0
  return isPadded ? septets.subarray(0, -1) : septets
}
