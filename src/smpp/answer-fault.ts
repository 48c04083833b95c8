import type { PduFault } from './decode-pdu.ts'
import { type CommandName, createPdu, GRAMMARS, type Pdu } from './pdu.ts'
import { RESPONSE_BIT } from './pdu-grammar.ts'

/**
 * What the sender of a fault is owed: the response of its command, else a generic_nack (SMPP 3.4, 4.3). Null for what
 * was an answer itself, because answering answers never ends.
 */
export function answerFault({ commandId, command, sequence, status }: PduFault): Pdu | null {
  if (commandId >= RESPONSE_BIT) return null
  const response = `${command}_resp`
  return createPdu(isCommand(response) ? response : 'generic_nack', sequence, { status })
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(GRAMMARS, name)
}
