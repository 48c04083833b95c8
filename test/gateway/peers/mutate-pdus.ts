const HTTP = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
const LENGTHS = [0, 1, 4, 15, 16, 17, 16_384, 16_385, 0x7fff_ffff, 0x8000_0000, 2 ** 32 - 1]

/** Numbers from 0 to below 2^32 that a seed determines (xorshift32), drawn from below a bound. */
export type Draw = (below: number) => number

export function drawFrom(seed: number): Draw {
  let state = seed | 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/**
 * One of the PDUs, damaged in one to three ways. In most cases its command_length is then set right again, so
 * that the damage is in the body and what follows can still be read.
 */
export function mutatePdu(pdus: readonly Buffer[], draw: Draw): Buffer {
  let bytes: Buffer = Buffer.from(pdus[draw(pdus.length)]!)
  for (let times = 1 + draw(3); times > 0; times--) bytes = MUTATIONS[draw(MUTATIONS.length)]!(bytes, pdus, draw)
  if (draw(15) > 0 && bytes.length >= 16) bytes.writeUInt32BE(bytes.length, 0)
  return bytes
}

const MUTATIONS: readonly ((bytes: Buffer, pdus: readonly Buffer[], draw: Draw) => Buffer)[] = [
  (bytes, _pdus, draw) => {
    for (let flips = 1 + draw(4); flips > 0 && bytes.length > 0; flips--) bytes[draw(bytes.length)]! ^= 1 << draw(8)
    return bytes
  },
  (bytes, _pdus, draw) => {
    if (bytes.length > 0) bytes[draw(bytes.length)] = [0, 1, 0x7f, 0x80, 0xfe, 0xff][draw(6)]!
    return bytes
  },
  (bytes, _pdus, draw) => bytes.subarray(0, draw(bytes.length + 1)),
  function splice(bytes, pdus, draw) {
    const other = pdus[draw(pdus.length)]!
    return Buffer.concat([bytes.subarray(0, draw(bytes.length + 1)), other.subarray(draw(other.length))])
  },
  (bytes, _pdus, draw) => {
    if (bytes.length >= 4) bytes.writeUInt32BE(LENGTHS[draw(LENGTHS.length)]!, 0)
    return bytes
  },
  (bytes, _pdus, draw) => {
    const at = draw(bytes.length + 1)
    const noise = Buffer.from(Array.from({ length: draw(40) }, () => draw(256)))
    return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)])
  },
  (bytes, _pdus, draw) => {
    const from = draw(bytes.length + 1)
    return Buffer.concat([bytes, bytes.subarray(from, from + draw(300))])
  },
  (bytes, _pdus, draw) => (draw(10) === 0 ? Buffer.concat([HTTP, bytes]) : bytes),
]
