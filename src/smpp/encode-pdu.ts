import { GRAMMARS, type Pdu } from './pdu.ts'
import { type PduGrammar, RESPONSE_BIT } from './pdu-grammar.ts'
import { tlvsSize, writeTlvs } from './tlv.ts'

/** command_length, command_id, command_status, sequence_number: four octets each (SMPP 3.4, 3.2). */
export const HEADER_OCTETS = 16

/**
 * A PDU as it goes over the wire. A response that reports an error and says nothing else has no body
 * (SMPP 3.4, 4.4.2). Throws `RangeError` for a value that its field does not hold.
 */
export function encodePdu(pdu: Pdu): Buffer {
  const grammar: PduGrammar = GRAMMARS[pdu.command]
  // The grammar, from which the type follows, names each of the fields.
  const values = pdu as unknown as Readonly<Record<string, unknown>>
  const hasBody = !isBareError(grammar, pdu, values)
  const buffer = Buffer.allocUnsafe(hasBody ? sizeOf(grammar, pdu, values) : HEADER_OCTETS)
  buffer.writeUInt32BE(buffer.length, 0)
  buffer.writeUInt32BE(grammar.commandId, 4)
  buffer.writeUInt32BE(pdu.status, 8)
  buffer.writeUInt32BE(pdu.sequence, 12)
  if (!hasBody) return buffer
  let at = HEADER_OCTETS
  const { names, kinds } = grammar
  for (let index = 0; index < names.length; index++) at = kinds[index]!.write(buffer, at, values[names[index]!])
  writeTlvs(buffer, at, pdu.tlvs)
  return buffer
}

function sizeOf({ names, kinds }: PduGrammar, pdu: Pdu, values: Readonly<Record<string, unknown>>): number {
  let size = HEADER_OCTETS
  for (let index = 0; index < names.length; index++) {
    try {
      size += kinds[index]!.size(values[names[index]!])
    } catch (error) {
      throw new RangeError(`${pdu.command}.${names[index]}: ${error instanceof Error ? error.message : error}`)
    }
  }
  return size + tlvsSize(pdu.tlvs)
}

function isBareError(grammar: PduGrammar, pdu: Pdu, values: Readonly<Record<string, unknown>>): boolean {
  if (pdu.status === 0 || grammar.commandId < RESPONSE_BIT || pdu.tlvs.length > 0) return false
  return grammar.names.every((name, index) => isEmpty(values[name], grammar.kinds[index]!.empty))
}

function isEmpty(value: unknown, empty: unknown): boolean {
  return Array.isArray(value) || Buffer.isBuffer(value) ? value.length === 0 : value === empty
}
