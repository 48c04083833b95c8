import { definePdu, defineResponse } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.11. */
export const enquireLink = definePdu(0x15, {})
export const enquireLinkResp = defineResponse(0x15, {})
