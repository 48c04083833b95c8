import type { ByteCursor } from './byte-cursor.ts'
import { COMMAND_STATUS } from './command-status.ts'

/**
 * A kind of field of a PDU's mandatory part: what it may hold, and how that is written and read. Grammars are lists of
 * these; codec, TypeScript types and the tests' generators follow from them.
 */
export interface Field<T> {
  readonly kind: 'int1' | 'int4' | 'c-string' | 'octets' | 'list'
  /** Octets for strings, with the terminator where there is one; the greatest value for integers; entries for lists. */
  readonly max: number
  /** The value of a field that the sender leaves empty. */
  readonly empty: T
  /** Octets on the wire. Throws `RangeError` for what does not fit, so that nothing is ever cut in silence. */
  size(value: T): number
  /** Writes what `size` has measured; returns where the next field begins. */
  write(buffer: Buffer, at: number, value: T): number
  /** Faults the cursor, and returns the empty value, where the bytes are no such field. */
  read(cursor: ByteCursor): T
}

/** One octet, unsigned. */
export const int1: Field<number> = {
  kind: 'int1',
  max: 0xff,
  empty: 0,
  size(value) {
    if (!Number.isInteger(value) || value < 0 || value > 0xff) throw new RangeError(`${value} is not one octet`)
    return 1
  },
  write(buffer, at, value) {
    buffer[at] = value
    return at + 1
  },
  read: (cursor) => cursor.int1(),
}

/** Four octets, unsigned, most significant first. */
export const int4: Field<number> = {
  kind: 'int4',
  max: 0xffff_ffff,
  empty: 0,
  size(value) {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
      throw new RangeError(`${value} is not four octets`)
    return 4
  },
  write: (buffer, at, value) => buffer.writeUInt32BE(value, at),
  read: (cursor) => cursor.int4(),
}

/**
 * C-octet string of at most `max` octets, the terminating NUL included, as the specification's tables count.
 * A character is an octet (Latin-1), so every octet but NUL survives. Read without its terminator at the end of a PDU
 * it is accepted: SMSCs are known that leave it out of a response's message id.
 */
export function cString(max: number): Field<string> {
  return {
    kind: 'c-string',
    max,
    empty: '',
    size(value) {
      if (value.length >= max) throw new RangeError(`a string of ${value.length} exceeds ${max - 1} octets`)
      for (let index = 0; index < value.length; index++) {
        const code = value.charCodeAt(index)
        if (code === 0 || code > 0xff) throw new RangeError(`U+${code.toString(16)} is not an octet of a C string`)
      }
      return value.length + 1
    },
    write(buffer, at, value) {
      for (let index = 0; index < value.length; index++) buffer[at++] = value.charCodeAt(index)
      buffer[at] = 0
      return at + 1
    },
    read: (cursor) => cursor.cString(max),
  }
}

/** Octets behind one octet that counts them: sm_length and short_message. What is read is a copy. */
export function octets(max: number): Field<Buffer> {
  return {
    kind: 'octets',
    max,
    empty: Buffer.alloc(0),
    size(value) {
      if (value.length > max) throw new RangeError(`${value.length} octets exceed ${max}`)
      return value.length + 1
    },
    write(buffer, at, value) {
      buffer[at] = value.length
      buffer.set(value, at + 1)
      return at + 1 + value.length
    },
    read(cursor) {
      const length = cursor.int1()
      if (cursor.isLenient && cursor.left > 0) return cursor.octets(Math.min(length, cursor.left))
      if (length > max || length > cursor.left) {
        cursor.fault(COMMAND_STATUS.ESME_RINVMSGLEN.code, `sm_length ${length} where ${cursor.left} octets follow`)
        return this.empty
      }
      return cursor.octets(length)
    },
  }
}

/** Destinations, or what is said of them, behind one octet that counts them. */
export function list<T>(max: number, entry: Pick<Field<T>, 'size' | 'write' | 'read'>): Field<readonly T[]> {
  return {
    kind: 'list',
    max,
    empty: [],
    size(values) {
      if (values.length > max) throw new RangeError(`${values.length} entries exceed ${max}`)
      return values.reduce((sum, value) => sum + entry.size(value), 1)
    },
    write(buffer, at, values) {
      buffer[at++] = values.length
      for (const value of values) at = entry.write(buffer, at, value)
      return at
    },
    read(cursor) {
      const values: T[] = []
      const count = cursor.int1()
      if (count > max) cursor.fault(COMMAND_STATUS.ESME_RINVNUMDESTS.code, `${count} entries where ${max} are allowed`)
      for (let left = count; left > 0 && cursor.isSound; left--) values.push(entry.read(cursor))
      return values
    },
  }
}
