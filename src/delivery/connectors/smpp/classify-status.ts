import { readStatus, type StatusName, statusName } from '../../../smpp/command-status.ts'
import type { RefusalClass } from '../refusal-class.ts'

/*
  What an SMSC's refusal of a submit means, where the operator has not said otherwise (`errors` of its settings). The
  specification (SMPP 3.4, 5.1.3) says what went wrong, not whether it passes. Jasmin (`submit_error_retrial`) and
  Kannel (`smpp_status_to_smscconn_failure_reason`) agree that ESME_RSYSERR, ESME_RTHROTTLED and ESME_RMSGQFUL do.

    throttled  the pace, or the number of messages waiting at the SMSC; the next message meets the same
    temporary  the SMSC's own trouble, the state of the connection, and unknown causes: retries are bounded
    rejected   what is wrong with the message, the addresses or the account's rights; the same again is refused again
    ambiguous  none: a refused submit is not taken. Some operators' codes differ
*/
const CLASSES: Readonly<Record<Exclude<StatusName, 'ESME_ROK'>, RefusalClass>> = {
  ESME_RINVMSGLEN: 'rejected',
  ESME_RINVCMDLEN: 'rejected',
  ESME_RINVCMDID: 'rejected',
  ESME_RINVBNDSTS: 'temporary',
  ESME_RALYBND: 'temporary',
  ESME_RINVPRTFLG: 'rejected',
  ESME_RINVREGDLVFLG: 'rejected',
  ESME_RSYSERR: 'temporary',
  ESME_RINVSRCADR: 'rejected',
  ESME_RINVDSTADR: 'rejected',
  ESME_RINVMSGID: 'rejected',
  ESME_RBINDFAIL: 'temporary',
  ESME_RINVPASWD: 'temporary',
  ESME_RINVSYSID: 'temporary',
  ESME_RCANCELFAIL: 'rejected',
  ESME_RREPLACEFAIL: 'rejected',
  ESME_RMSGQFUL: 'throttled',
  ESME_RINVSERTYP: 'rejected',
  ESME_RINVNUMDESTS: 'rejected',
  ESME_RINVDLNAME: 'rejected',
  ESME_RINVDESTFLAG: 'rejected',
  ESME_RINVSUBREP: 'rejected',
  ESME_RINVESMCLASS: 'rejected',
  ESME_RCNTSUBDL: 'rejected',
  ESME_RSUBMITFAIL: 'temporary',
  ESME_RINVSRCTON: 'rejected',
  ESME_RINVSRCNPI: 'rejected',
  ESME_RINVDSTTON: 'rejected',
  ESME_RINVDSTNPI: 'rejected',
  ESME_RINVSYSTYP: 'temporary',
  ESME_RINVREPFLAG: 'rejected',
  ESME_RINVNUMMSGS: 'rejected',
  ESME_RTHROTTLED: 'throttled',
  ESME_RINVSCHED: 'rejected',
  ESME_RINVEXPIRY: 'rejected',
  ESME_RINVDFTMSGID: 'rejected',
  ESME_RX_T_APPN: 'temporary',
  ESME_RX_P_APPN: 'rejected',
  ESME_RX_R_APPN: 'rejected',
  ESME_RQUERYFAIL: 'temporary',
  ESME_RINVOPTPARSTREAM: 'rejected',
  ESME_ROPTPARNOTALLWD: 'rejected',
  ESME_RINVPARLEN: 'rejected',
  ESME_RMISSINGOPTPARAM: 'rejected',
  ESME_RINVOPTPARAMVAL: 'rejected',
  ESME_RDELIVERYFAILURE: 'temporary',
  ESME_RUNKNOWNERR: 'temporary',
}

/** What every refusal of an operator means. `overrides` are by name or by number (`0x58`), as its settings have them. */
export class StatusClasses {
  readonly #overrides: ReadonlyMap<number, RefusalClass>

  constructor(overrides: Readonly<Record<string, RefusalClass>>) {
    this.#overrides = new Map(Object.entries(overrides).map(([key, kind]) => [readStatus(key), kind]))
  }

  /** Codes without a name, as vendors' own, are temporary. */
  classOf(status: number): RefusalClass {
    const name = statusName(status)
    const standard = name === null || name === 'ESME_ROK' ? 'temporary' : CLASSES[name]
    return this.#overrides.get(status) ?? standard
  }
}

/** How a status is named in attempts, statuses and metrics: by the specification's name, or its number. */
export function statusCode(status: number): string {
  return statusName(status) ?? `0x${status.toString(16)}`
}
