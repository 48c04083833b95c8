const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes that are not UTF-8. `offset` is the position of the first of them. */
export class Utf8Error extends Error {
  override readonly name = 'Utf8Error'
  readonly offset: number

  constructor(offset: number) {
    super(`not UTF-8 at byte ${offset}`)
    this.offset = offset
  }
}

/**
 * Text from bytes that came from outside. Never replaces what it cannot read, as a message with replacement characters
 * would be sent and charged. Throws Utf8Error.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new Utf8Error(findInvalidUtf8(bytes))
  }
}

/**
 * The longest prefix that is UTF-8 ends here: a replacement character written again has another length or other bytes.
 */
function findInvalidUtf8(bytes: Uint8Array): number {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const written = Buffer.from(given.toString('utf8'), 'utf8')
  const end = Math.min(given.length, written.length)
  for (let at = 0; at < end; at++) if (given[at] !== written[at]) return at
  return end
}
