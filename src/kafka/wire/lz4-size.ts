/*
  LZ4 frame (lz4_Frame_format.md): magic, FLG, BD, optional content size (8) and dictionary id (4), header checksum, then
  blocks: an int32 LE size, whose highest bit marks a block that is stored plain, and the bytes; with block checksums 4
  more. A size of 0 ends the frame, behind which a checksum of the content may follow.
  LZ4 block (lz4_Block_format.md): sequences of a token, its literals, a 2-byte offset, and more bytes of match length.
  Either length of a token goes on in further bytes while it is 15, and then while they are 255.
*/
const FRAME_MAGIC = 0x184d2204
const CONTENT_SIZE_FLAG = 0b1000
const DICTIONARY_FLAG = 0b1
const BLOCK_CHECKSUM_FLAG = 0b10000
const CONTENT_CHECKSUM_FLAG = 0b100
const PLAIN_BIT = 0x80000000
const LENGTH_GOES_ON = 15
const MATCH_BYTES_MIN = 4

/**
 * How many bytes LZ4 frames, one behind the other, decompress to, found by walking their sequences without writing
 * anything. Stops as soon as that is more than `bytesMax`. Throws RangeError where a frame ends too early.
 */
export function lz4FrameBytes(frames: Buffer, bytesMax: number): number {
  if (frames.readUInt32LE(0) !== FRAME_MAGIC) throw new RangeError('no LZ4 frame')
  let at = 0
  let bytes = 0
  while (bytes <= bytesMax && at + 4 <= frames.length && frames.readUInt32LE(at) === FRAME_MAGIC) {
    const flags = frames.readUInt8(at + 4)
    at += 7 + (flags & CONTENT_SIZE_FLAG ? 8 : 0) + (flags & DICTIONARY_FLAG ? 4 : 0)
    while (bytes <= bytesMax) {
      const size = frames.readUInt32LE(at)
      at += 4
      if (size === 0) break
      const blockBytes = size & ~PLAIN_BIT
      if (at + blockBytes > frames.length) throw new RangeError('an LZ4 block is cut off')
      bytes += size >= PLAIN_BIT ? blockBytes : lz4BlockBytes(frames.subarray(at, at + blockBytes), bytesMax)
      at += blockBytes + (flags & BLOCK_CHECKSUM_FLAG ? 4 : 0)
    }
    at += flags & CONTENT_CHECKSUM_FLAG ? 4 : 0
  }
  return bytes
}

function lz4BlockBytes(block: Buffer, bytesMax: number): number {
  let bytes = 0
  for (let at = 0; at < block.length && bytes <= bytesMax; ) {
    const token = block[at++]!
    let literals = token >> 4
    if (literals === LENGTH_GOES_ON) {
      let more: number
      do {
        more = block.readUInt8(at++)
        literals += more
      } while (more === 255)
    }
    at += literals
    bytes += literals
    // The last sequence has literals alone.
    if (at >= block.length) break
    at += 2
    let match = token & 0b1111
    if (match === LENGTH_GOES_ON) {
      let more: number
      do {
        more = block.readUInt8(at++)
        match += more
      } while (more === 255)
    }
    bytes += match + MATCH_BYTES_MIN
  }
  return bytes
}
