import { cString, int1, octets } from '../field-kinds.ts'
import { definePdu, defineResponse } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.10. */
export const replaceSm = definePdu(0x07, {
  messageId: cString(65),
  sourceAddrTon: int1,
  sourceAddrNpi: int1,
  sourceAddr: cString(21),
  scheduleDeliveryTime: cString(17),
  validityPeriod: cString(17),
  registeredDelivery: int1,
  smDefaultMsgId: int1,
  shortMessage: octets(254),
})
export const replaceSmResp = defineResponse(0x07, {})
