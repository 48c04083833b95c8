import { cString, int1 } from '../field-kinds.ts'
import { definePdu, defineResponse } from '../pdu-grammar.ts'

/** Octets of a login with their terminator: some operators use longer ones than SMPP 3.4 has room for. */
export const LOGIN_OCTETS_MAX = 65

/** SMPP 3.4, 4.1: the three binds differ by their command alone. */
const bindFields = {
  systemId: cString(LOGIN_OCTETS_MAX),
  password: cString(LOGIN_OCTETS_MAX),
  systemType: cString(LOGIN_OCTETS_MAX),
  interfaceVersion: int1,
  addrTon: int1,
  addrNpi: int1,
  addressRange: cString(41),
}
/** The SMSC's name, which is unused: one that is too long is no reason to refuse the bind. */
const bindRespFields = { systemId: cString(256) }

export const bindReceiver = definePdu(0x01, bindFields)
export const bindReceiverResp = defineResponse(0x01, bindRespFields)
export const bindTransmitter = definePdu(0x02, bindFields)
export const bindTransmitterResp = defineResponse(0x02, bindRespFields)
export const bindTransceiver = definePdu(0x09, bindFields)
export const bindTransceiverResp = defineResponse(0x09, bindRespFields)
