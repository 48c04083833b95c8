import { cString, int1 } from '../field-kinds.ts'
import { definePdu } from '../pdu-grammar.ts'

/** SMPP 3.4, 4.12: a phone can be reached again. Has no response. */
export const alertNotification = definePdu(0x102, {
  sourceAddrTon: int1,
  sourceAddrNpi: int1,
  sourceAddr: cString(65),
  esmeAddrTon: int1,
  esmeAddrNpi: int1,
  esmeAddr: cString(65),
})
