/** Offsets of a chunk; their bits take 512 bytes. */
const CHUNK_OFFSETS = 4_096
const WORD_BITS = 32

interface Chunk {
  readonly base: number
  readonly words: Uint32Array
  count: number
}

/**
 * Offsets, a bit for each, in chunks that exist only where some are: a million in a row take 128 KiB. They are added
 * in rising order and removed in any. Infinity means "none".
 */
export class OffsetSet {
  /** In rising order, none of them empty. */
  readonly #chunks: Chunk[] = []
  #size = 0
  #first = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#size
  }

  /** The lowest. */
  get first(): number {
    return this.#first
  }

  /** Adds one that is higher than all there are. */
  add(offset: number): void {
    let chunk = this.#chunks.at(-1)
    if (!chunk || offset >= chunk.base + CHUNK_OFFSETS) {
      const base = offset - (offset % CHUNK_OFFSETS)
      chunk = { base, words: new Uint32Array(CHUNK_OFFSETS / WORD_BITS), count: 0 }
      this.#chunks.push(chunk)
    }
    const at = offset - chunk.base
    chunk.words[at >>> 5]! |= 1 << (at & 31)
    chunk.count++
    if (this.#size++ === 0) this.#first = offset
  }

  has(offset: number): boolean {
    const chunk = this.#chunks[this.#indexFrom(offset)]
    if (!chunk || chunk.base > offset) return false
    const at = offset - chunk.base
    return (chunk.words[at >>> 5]! & (1 << (at & 31))) !== 0
  }

  /** Removes one that it has. */
  delete(offset: number): void {
    const index = this.#indexFrom(offset)
    const chunk = this.#chunks[index]!
    const at = offset - chunk.base
    chunk.words[at >>> 5]! &= ~(1 << (at & 31))
    this.#size--
    if (--chunk.count === 0) this.#chunks.splice(index, 1)
    if (offset === this.#first) this.#first = this.next(offset + 1)
  }

  /** The lowest at or above an offset. */
  next(from: number): number {
    for (let index = this.#indexFrom(from); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!
      const at = nextBit(chunk.words, Math.max(0, from - chunk.base), 0)
      if (at < CHUNK_OFFSETS) return chunk.base + at
    }
    return Number.POSITIVE_INFINITY
  }

  /** The lowest offset at or above this one that it does not have. */
  nextMissing(from: number): number {
    for (let index = this.#indexFrom(from); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!
      if (chunk.base > from) return from
      const at = nextBit(chunk.words, from - chunk.base, -1)
      if (at < CHUNK_OFFSETS) return chunk.base + at
      from = chunk.base + CHUNK_OFFSETS
    }
    return from
  }

  /** Index of the first chunk that reaches beyond an offset. */
  #indexFrom(offset: number): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]!.base + CHUNK_OFFSETS <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Place of the first bit from `at` on that is set, or not set where `flip` is -1; CHUNK_OFFSETS if there is none. */
function nextBit(words: Uint32Array, at: number, flip: 0 | -1): number {
  let mask = -1 << (at & 31)
  for (let word = at >>> 5; word < words.length; word++) {
    const bits = (words[word]! ^ flip) & mask
    if (bits !== 0) return word * WORD_BITS + 31 - Math.clz32(bits & -bits)
    mask = -1
  }
  return CHUNK_OFFSETS
}
