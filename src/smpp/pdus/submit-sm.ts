import { cString, int1, octets } from '../field-kinds.ts'
import { definePdu, defineResponse } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.4.1. sm_length is `shortMessage.length`. */
export const submitSm = definePdu(0x04, {
  serviceType: cString(6),
  sourceAddrTon: int1,
  sourceAddrNpi: int1,
  sourceAddr: cString(21),
  destAddrTon: int1,
  destAddrNpi: int1,
  destinationAddr: cString(21),
  esmClass: int1,
  protocolId: int1,
  priorityFlag: int1,
  scheduleDeliveryTime: cString(17),
  validityPeriod: cString(17),
  registeredDelivery: int1,
  replaceIfPresentFlag: int1,
  dataCoding: int1,
  smDefaultMsgId: int1,
  shortMessage: octets(254),
})

/** SMPP 3.4, 4.4.2. SMSCs are known whose ids exceed its 64 octets. */
export const submitSmResp = defineResponse(0x04, { messageId: cString(256) })
