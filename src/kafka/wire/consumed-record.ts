import { isUtf8 } from 'node:buffer'
import { VarintReader } from './varint.ts'

const EMPTY = Buffer.alloc(0)
/** Headers of a record that are read; producers write some ten. */
const HEADERS_MAX = 100

/** Where the parts of a record lie in the bytes it was read from; a length of -1 means null. */
interface RecordPlaces {
  readonly keyAt: number
  readonly keyLength: number
  readonly valueAt: number
  readonly valueLength: number
  readonly headersAt: number
}

/**
 * A record as it was read. `key` and `value` are views on the fetched buffer, made when they are asked for: copy what
 * outlives the handler.
 */
export class ConsumedRecord {
  readonly topic: string
  readonly partition: number
  /** Kafka's offsets are 64 bits; those that a topic can reach fit a safe integer. */
  readonly offset: number
  readonly timestampMs: number
  /** Times the record was handed to a handler before this one. */
  failures = 0
  /**
   * Set by a handler while the record only waits for its turn at something that is shared: then it is not taken for
   * one that blocks its partition, however long it waits.
   */
  isQueued = false
  /**
   * Not null where the record stands for some that cannot be read, and says which and why. It has neither key nor value
   * nor headers: no handler can do anything with it, and it goes to the dead letters.
   */
  fault: string | null = null
  #bytes: Buffer
  #keyAt: number
  readonly #keyLength: number
  #valueAt: number
  readonly #valueLength: number
  #headersAt: number
  #end: number
  #key: Buffer | null | undefined = undefined
  #value: Buffer | null | undefined = undefined
  #abandonment: AbortController | undefined = undefined
  #isAbandoned = false

  constructor(
    topic: string,
    partition: number,
    offset: number,
    timestampMs: number,
    bytes: Buffer,
    places: RecordPlaces,
    end: number,
  ) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestampMs = timestampMs
    this.#bytes = bytes
    this.#keyAt = places.keyAt
    this.#keyLength = places.keyLength
    this.#valueAt = places.valueAt
    this.#valueLength = places.valueLength
    this.#headersAt = places.headersAt
    this.#end = end
  }

  get key(): Buffer | null {
    if (this.#key === undefined) this.#key = this.#view(this.#keyAt, this.#keyLength)
    return this.#key
  }

  get value(): Buffer | null {
    if (this.#value === undefined) this.#value = this.#view(this.#valueAt, this.#valueLength)
    return this.#value
  }

  /** Bytes that the record holds in memory, near enough to bound buffers by. */
  get bytes(): number {
    return 100 + Math.max(0, this.#keyLength) + Math.max(0, this.#valueLength)
  }

  /** Aborted when nobody waits for the handler's answer any more. */
  get signal(): AbortSignal {
    if (!this.#abandonment) {
      this.#abandonment = new AbortController()
      if (this.#isAbandoned) this.#abandonment.abort()
    }
    return this.#abandonment.signal
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned
  }

  /** Tells the handler that its answer will not be heard. A next try has a signal of its own. */
  abandon(): void {
    this.#isAbandoned = true
    this.#abandonment?.abort()
  }

  /** Before a next try. */
  renew(): void {
    this.#isAbandoned = false
    this.#abandonment = undefined
  }

  /** Copies what the record needs, so that waiting long does not keep the whole answer of a broker in memory. */
  detach(): void {
    const from = this.#keyAt
    if (this.#bytes.length === this.#end - from) return
    this.#bytes = Buffer.from(this.#bytes.subarray(from, this.#end))
    this.#keyAt -= from
    this.#valueAt -= from
    this.#headersAt -= from
    this.#end -= from
    this.#key = undefined
    this.#value = undefined
  }

  /** The first header of that name; undefined if there is none, or it is not UTF-8. Read only when asked for. */
  header(name: string): string | undefined {
    for (const [key, value] of this.headers()) if (key === name) return isUtf8(value) ? value.toString() : undefined
    return undefined
  }

  /**
   * Never throws: headers behind a length that leads out of the record are left out, as are those whose name is not UTF-8
   * and those beyond the hundredth. The values are views on the fetched buffer.
   */
  *headers(): Generator<[string, Buffer]> {
    const reader = new VarintReader(this.#bytes.subarray(0, this.#end), this.#headersAt)
    try {
      for (let left = Math.min(reader.read(), HEADERS_MAX); left > 0; left--) {
        const name = reader.readBytes()
        const value = reader.readBytes() ?? EMPTY
        if (name && isUtf8(name)) yield [name.toString(), value]
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  }

  #view(at: number, length: number): Buffer | null {
    return length < 0 ? null : this.#bytes.subarray(at, at + length)
  }
}
