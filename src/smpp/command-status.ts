interface Status {
  readonly code: number
  readonly meaning: string
}

const status = (code: number, meaning: string): Status => ({ code, meaning })

/**
 * command_status (SMPP 3.4, 5.1.3). Codes 0x400 to 0x4FF are the SMSC vendor's own, and mean what its documentation
 * says.
 */
export const COMMAND_STATUS = {
  ESME_ROK: status(0x00, 'no error'),
  ESME_RINVMSGLEN: status(0x01, 'message length is invalid'),
  ESME_RINVCMDLEN: status(0x02, 'command length is invalid'),
  ESME_RINVCMDID: status(0x03, 'command id is invalid'),
  ESME_RINVBNDSTS: status(0x04, 'bind state does not allow the command'),
  ESME_RALYBND: status(0x05, 'already bound'),
  ESME_RINVPRTFLG: status(0x06, 'priority flag is invalid'),
  ESME_RINVREGDLVFLG: status(0x07, 'registered delivery flag is invalid'),
  ESME_RSYSERR: status(0x08, 'system error'),
  ESME_RINVSRCADR: status(0x0a, 'source address is invalid'),
  ESME_RINVDSTADR: status(0x0b, 'destination address is invalid'),
  ESME_RINVMSGID: status(0x0c, 'message id is invalid'),
  ESME_RBINDFAIL: status(0x0d, 'bind failed'),
  ESME_RINVPASWD: status(0x0e, 'password is invalid'),
  ESME_RINVSYSID: status(0x0f, 'system id is invalid'),
  ESME_RCANCELFAIL: status(0x11, 'cancelling failed'),
  ESME_RREPLACEFAIL: status(0x13, 'replacing failed'),
  ESME_RMSGQFUL: status(0x14, 'message queue is full'),
  ESME_RINVSERTYP: status(0x15, 'service type is invalid'),
  ESME_RINVNUMDESTS: status(0x33, 'number of destinations is invalid'),
  ESME_RINVDLNAME: status(0x34, 'distribution list name is invalid'),
  ESME_RINVDESTFLAG: status(0x40, 'destination flag is invalid'),
  ESME_RINVSUBREP: status(0x42, 'submitting with replacement is not supported'),
  ESME_RINVESMCLASS: status(0x43, 'esm_class is invalid'),
  ESME_RCNTSUBDL: status(0x44, 'cannot submit to a distribution list'),
  ESME_RSUBMITFAIL: status(0x45, 'submitting failed'),
  ESME_RINVSRCTON: status(0x48, 'source address type of number is invalid'),
  ESME_RINVSRCNPI: status(0x49, 'source address numbering plan is invalid'),
  ESME_RINVDSTTON: status(0x50, 'destination address type of number is invalid'),
  ESME_RINVDSTNPI: status(0x51, 'destination address numbering plan is invalid'),
  ESME_RINVSYSTYP: status(0x53, 'system type is invalid'),
  ESME_RINVREPFLAG: status(0x54, 'replace_if_present flag is invalid'),
  ESME_RINVNUMMSGS: status(0x55, 'number of messages is invalid'),
  ESME_RTHROTTLED: status(0x58, 'throttled: more messages than allowed'),
  ESME_RINVSCHED: status(0x61, 'scheduled delivery time is invalid'),
  ESME_RINVEXPIRY: status(0x62, 'validity period is invalid'),
  ESME_RINVDFTMSGID: status(0x63, 'predefined message is invalid or absent'),
  ESME_RX_T_APPN: status(0x64, 'receiver: temporary application error'),
  ESME_RX_P_APPN: status(0x65, 'receiver: permanent application error'),
  ESME_RX_R_APPN: status(0x66, 'receiver: message rejected'),
  ESME_RQUERYFAIL: status(0x67, 'query_sm failed'),
  ESME_RINVOPTPARSTREAM: status(0xc0, 'optional part of the PDU is broken'),
  ESME_ROPTPARNOTALLWD: status(0xc1, 'optional parameter is not allowed'),
  ESME_RINVPARLEN: status(0xc2, 'parameter length is invalid'),
  ESME_RMISSINGOPTPARAM: status(0xc3, 'expected optional parameter is missing'),
  ESME_RINVOPTPARAMVAL: status(0xc4, 'optional parameter value is invalid'),
  ESME_RDELIVERYFAILURE: status(0xfe, 'delivery failed'),
  ESME_RUNKNOWNERR: status(0xff, 'unknown error'),
} as const satisfies Record<string, Status>

export type StatusName = keyof typeof COMMAND_STATUS

const NAMES = new Map(Object.entries(COMMAND_STATUS).map(([name, { code }]) => [code, name as StatusName]))

/** Null for a code that the specification does not name. */
export function statusName(code: number): StatusName | null {
  return NAMES.get(code) ?? null
}

/** A status as people write it into settings: by its name, or by its number, `0x0401`, as vendors' own are. */
export const WRITTEN_STATUS = new RegExp(`^(${Object.keys(COMMAND_STATUS).join('|')}|0x[0-9a-fA-F]{1,8})$`)

/** The code of a written status. */
export function readStatus(written: string): number {
  return Object.hasOwn(COMMAND_STATUS, written) ? COMMAND_STATUS[written as StatusName].code : Number(written)
}

/** What a status that is written by the specification's name means; null for any other word. */
export function statusMeaning(name: string): string | null {
  return Object.hasOwn(COMMAND_STATUS, name) ? COMMAND_STATUS[name as StatusName].meaning : null
}

/** `ESME_RTHROTTLED (0x00000058)`, or the code alone: for people. */
export function describeStatus(code: number): string {
  const hex = `0x${code.toString(16).padStart(8, '0')}`
  const name = statusName(code)
  return name === null ? hex : `${name} (${hex})`
}
