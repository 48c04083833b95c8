import { cString } from '../field-kinds.ts'
import { definePdu, defineResponse } from '../pdu-grammar.ts'
import { submitSm } from './submit-sm.ts'

/** SMPP 3.4, 4.6.1: laid out as submit_sm, of which some fields are always empty here. */
export const deliverSm = definePdu(0x05, submitSm.fields)

/** SMPP 3.4, 4.6.2. The message id means nothing here, and is empty. */
export const deliverSmResp = defineResponse(0x05, { messageId: cString(65) })
