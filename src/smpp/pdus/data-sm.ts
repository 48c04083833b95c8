import { cString, int1 } from '../field-kinds.ts'
import { definePdu, defineResponse } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.7: the message is in the TLV message_payload. */
export const dataSm = definePdu(0x103, {
  serviceType: cString(6),
  sourceAddrTon: int1,
  sourceAddrNpi: int1,
  sourceAddr: cString(65),
  destAddrTon: int1,
  destAddrNpi: int1,
  destinationAddr: cString(65),
  esmClass: int1,
  registeredDelivery: int1,
  dataCoding: int1,
})
export const dataSmResp = defineResponse(0x103, { messageId: cString(65) })
