import { definePdu, defineResponse } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.2. */
export const unbind = definePdu(0x06, {})
export const unbindResp = defineResponse(0x06, {})
