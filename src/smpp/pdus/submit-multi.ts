import { COMMAND_STATUS } from '../command-status.ts'
import { cString, int1, int4, list } from '../field-kinds.ts'
import { definePdu, defineResponse } from '../pdu-grammar.ts'
import { submitSm } from './submit-sm.ts'

/** SMPP 3.4, 4.5.1.1. */
export type Destination =
  | { readonly kind: 'address'; readonly ton: number; readonly npi: number; readonly addr: string }
  | { readonly kind: 'distribution-list'; readonly name: string }

/** SMPP 3.4, 4.5.2.1. */
export interface UnsuccessfulAddress {
  readonly ton: number
  readonly npi: number
  readonly addr: string
  /** A command status. */
  readonly errorStatus: number
}

const SME_ADDRESS = 1
const DISTRIBUTION_LIST = 2
const addr = cString(21)

const destinations = list<Destination>(254, {
  size: (to) =>
    to.kind === 'address' ? 1 + int1.size(to.ton) + int1.size(to.npi) + addr.size(to.addr) : 1 + addr.size(to.name),
  write(buffer, at, to) {
    if (to.kind === 'distribution-list') return addr.write(buffer, int1.write(buffer, at, DISTRIBUTION_LIST), to.name)
    at = int1.write(buffer, at, SME_ADDRESS)
    at = int1.write(buffer, at, to.ton)
    at = int1.write(buffer, at, to.npi)
    return addr.write(buffer, at, to.addr)
  },
  read(cursor) {
    const flag = cursor.int1()
    if (flag === SME_ADDRESS)
      return { kind: 'address', ton: cursor.int1(), npi: cursor.int1(), addr: addr.read(cursor) }
    if (flag !== DISTRIBUTION_LIST) cursor.fault(COMMAND_STATUS.ESME_RINVDESTFLAG.code, `destination flag ${flag}`)
    return { kind: 'distribution-list', name: addr.read(cursor) }
  },
})

const unsuccessful = list<UnsuccessfulAddress>(255, {
  size: (of) => int1.size(of.ton) + int1.size(of.npi) + addr.size(of.addr) + int4.size(of.errorStatus),
  write(buffer, at, of) {
    at = int1.write(buffer, at, of.ton)
    at = int1.write(buffer, at, of.npi)
    at = addr.write(buffer, at, of.addr)
    return int4.write(buffer, at, of.errorStatus)
  },
  read: (cursor) => ({
    ton: cursor.int1(),
    npi: cursor.int1(),
    addr: addr.read(cursor),
    errorStatus: cursor.int4(),
  }),
})

const { serviceType, sourceAddrTon, sourceAddrNpi, sourceAddr, ...rest } = submitSm.fields
const { destAddrTon: _ton, destAddrNpi: _npi, destinationAddr: _addr, ...message } = rest

/** SMPP 3.4, 4.5.1: submit_sm with a list of destinations in the place of one. */
export const submitMulti = definePdu(0x21, {
  serviceType,
  sourceAddrTon,
  sourceAddrNpi,
  sourceAddr,
  destinations,
  ...message,
})

/** SMPP 3.4, 4.5.2. */
export const submitMultiResp = defineResponse(0x21, { messageId: cString(65), unsuccessful })
