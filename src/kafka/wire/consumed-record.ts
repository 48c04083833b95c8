import { isUtf8 } from 'node:buffer'

/**
 * A record as it was read: a value. What the consumer knows about its handling is in `RecordState`. Buffers are views on
 * what was fetched: copy those that outlive the handler.
 */
export interface ConsumedRecord {
  readonly topic: string
  readonly partition: number
  /** Kafka's offsets are 64 bits; those that a topic can reach fit a safe integer. */
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** At most a hundred, those whose name is UTF-8. Decoded while they are iterated, which never throws. */
  readonly headers: Iterable<readonly [name: string, value: Buffer]>
  /** Memory that the record takes, near enough to bound buffers by. */
  readonly bytes: number
  /**
   * Not null where the record is the placeholder of some that cannot be read, and says which and why. It has neither
   * key nor value nor headers: no handler can do anything with it, and it goes to the dead letters.
   */
  readonly fault: string | null
}

/** The first header of that name; undefined if there is none, or it is not UTF-8. */
export function headerOf({ headers }: ConsumedRecord, name: string): string | undefined {
  for (const [key, value] of headers) if (key === name) return isUtf8(value) ? value.toString() : undefined
  return undefined
}
