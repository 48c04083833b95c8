import type { Charset } from './coding.ts'
import { DEFAULT_TABLES, fromSeptets, type GsmTables } from './gsm-alphabet.ts'

/**
 * The text of a part or of a whole message, without its header, as `splitText` encodes it. `tables` are those of the
 * header. A trailing odd octet in UCS-2 is dropped.
 */
export function decodeText(octets: Uint8Array, charset: Charset, tables: GsmTables = DEFAULT_TABLES): string {
  if (charset === 'gsm7') return fromSeptets(octets, tables)
  if (charset === 'latin1') return Buffer.from(octets).toString('latin1')
  return Buffer.from(octets.subarray(0, octets.length & ~1))
    .swap16()
    .toString('utf16le')
}
