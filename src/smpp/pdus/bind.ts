import { cString, int1 } from '../field-kinds.ts'
import { definePdu, defineResponse } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.1: the three binds differ by their command alone. */
const bindFields = {
  systemId: cString(16),
  password: cString(9),
  systemType: cString(13),
  interfaceVersion: int1,
  addrTon: int1,
  addrNpi: int1,
  addressRange: cString(41),
}
const bindRespFields = { systemId: cString(16) }

export const bindReceiver = definePdu(0x01, bindFields)
export const bindReceiverResp = defineResponse(0x01, bindRespFields)
export const bindTransmitter = definePdu(0x02, bindFields)
export const bindTransmitterResp = defineResponse(0x02, bindRespFields)
export const bindTransceiver = definePdu(0x09, bindFields)
export const bindTransceiverResp = defineResponse(0x09, bindRespFields)
