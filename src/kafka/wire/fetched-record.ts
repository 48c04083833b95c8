import { isUtf8 } from 'node:buffer'
import type { ConsumedRecord } from './consumed-record.ts'
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
  readonly end: number
}

/** A record within the bytes of its batch. Its parts are cut out when they are first read: most readers need few of them. */
export class FetchedRecord implements ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly fault: string | null
  readonly #bytes: Buffer
  readonly #keyAt: number
  readonly #keyLength: number
  readonly #valueAt: number
  readonly #valueLength: number
  readonly #headersAt: number
  readonly #end: number
  #key: Buffer | null | undefined = undefined
  #value: Buffer | null | undefined = undefined

  constructor(
    topic: string,
    partition: number,
    offset: number,
    timestampMs: number,
    bytes: Buffer,
    places: RecordPlaces,
    fault: string | null = null,
  ) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestampMs = timestampMs
    this.fault = fault
    this.#bytes = bytes
    this.#keyAt = places.keyAt
    this.#keyLength = places.keyLength
    this.#valueAt = places.valueAt
    this.#valueLength = places.valueLength
    this.#headersAt = places.headersAt
    this.#end = places.end
  }

  get key(): Buffer | null {
    if (this.#key === undefined) this.#key = this.#view(this.#keyAt, this.#keyLength)
    return this.#key
  }

  get value(): Buffer | null {
    if (this.#value === undefined) this.#value = this.#view(this.#valueAt, this.#valueLength)
    return this.#value
  }

  get bytes(): number {
    return 100 + Math.max(0, this.#keyLength) + Math.max(0, this.#valueLength)
  }

  /** Headers behind a length that leads out of the record are left out. */
  get headers(): Iterable<readonly [string, Buffer]> {
    return { [Symbol.iterator]: () => readHeaders(this.#bytes.subarray(0, this.#end), this.#headersAt) }
  }

  /** The same record in memory of its own, so that a long wait does not keep the whole answer of a broker. */
  detached(): FetchedRecord {
    const from = this.#keyAt
    if (this.#bytes.length === this.#end - from) return this
    const places = {
      keyAt: 0,
      keyLength: this.#keyLength,
      valueAt: this.#valueAt - from,
      valueLength: this.#valueLength,
      headersAt: this.#headersAt - from,
      end: this.#end - from,
    }
    const bytes = Buffer.from(this.#bytes.subarray(from, this.#end))
    return new FetchedRecord(this.topic, this.partition, this.offset, this.timestampMs, bytes, places, this.fault)
  }

  #view(at: number, length: number): Buffer | null {
    return length < 0 ? null : this.#bytes.subarray(at, at + length)
  }
}

function* readHeaders(bytes: Buffer, at: number): Generator<readonly [string, Buffer]> {
  const reader = new VarintReader(bytes, at)
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

/** A record that does not share memory with others. */
export function detached(record: ConsumedRecord): ConsumedRecord {
  return record instanceof FetchedRecord ? record.detached() : record
}
