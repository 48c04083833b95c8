import { decodeUtf8, Utf8Error } from '../../domain/text/decode-utf8.ts'

const PERCENT = 0x25

/**
 * The fields of a query or a form (`a=1&b=2`), each decoded by itself: as UTF-8, and what is not that as Latin-1, which has
 * every byte. `URLSearchParams` would put U+FFFD for what an operator wrote in another charset. Of fields with one name
 * the last counts.
 */
export function decodeForm(encoded: string): Record<string, string> {
  const fields = new Map<string, string>()
  for (const field of encoded.split('&')) {
    if (field === '') continue
    const equals = field.indexOf('=')
    const [name, value] = equals < 0 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)]
    fields.set(decodeField(name), decodeField(value))
  }
  return Object.fromEntries(fields)
}

function decodeField(encoded: string): string {
  const plain = encoded.replaceAll('+', ' ')
  return plain.includes('%') || /[^ -~]/.test(plain) ? decodeBytes(percentDecoded(Buffer.from(plain, 'latin1'))) : plain
}

/** What is no percent sign with two hexadecimal digits stays as it is. */
function percentDecoded(encoded: Buffer): Buffer {
  const decoded = Buffer.alloc(encoded.length)
  let length = 0
  for (let at = 0; at < encoded.length; at++) {
    const hex = encoded[at] === PERCENT ? encoded.toString('latin1', at + 1, at + 3) : ''
    const isEscape = /^[0-9a-f]{2}$/i.test(hex)
    decoded[length++] = isEscape ? Number.parseInt(hex, 16) : encoded[at]!
    if (isEscape) at += 2
  }
  return decoded.subarray(0, length)
}

/** Text in UTF-8 or, where the bytes are not that, in Latin-1: ids and states are ASCII in both. */
export function decodeBytes(bytes: Buffer): string {
  try {
    return decodeUtf8(bytes)
  } catch (error) {
    if (!(error instanceof Utf8Error)) throw error
    return bytes.toString('latin1')
  }
}
