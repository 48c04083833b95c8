import { cString, int1 } from '../field-kinds.ts'
import { definePdu, defineResponse } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.8. */
export const querySm = definePdu(0x03, {
  messageId: cString(65),
  sourceAddrTon: int1,
  sourceAddrNpi: int1,
  sourceAddr: cString(21),
})
export const querySmResp = defineResponse(0x03, {
  messageId: cString(65),
  finalDate: cString(17),
  messageState: int1,
  errorCode: int1,
})
