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
