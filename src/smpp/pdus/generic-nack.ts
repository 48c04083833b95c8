import { defineResponse } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.3: the answer to what is no PDU, or none that is known. */
export const genericNack = defineResponse(0x00, {})
