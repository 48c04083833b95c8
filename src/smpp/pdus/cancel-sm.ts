import { cString, int1 } from '../field-kinds.ts'
import { definePdu, defineResponse } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.9. */
export const cancelSm = definePdu(0x08, {
  serviceType: cString(6),
  messageId: cString(65),
  sourceAddrTon: int1,
  sourceAddrNpi: int1,
  sourceAddr: cString(21),
  destAddrTon: int1,
  destAddrNpi: int1,
  destinationAddr: cString(21),
})
export const cancelSmResp = defineResponse(0x08, {})
