import { cString } from '../field-kinds.ts'
import { definePdu } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.1.7: the SMSC asks for a bind. Has no response. */
export const outbind = definePdu(0x0b, { systemId: cString(16), password: cString(9) })
