import type { FieldValues, PduGrammar } from './pdu-grammar.ts'
import { alertNotification } from './pdus/alert-notification.ts'
import {
  bindReceiver,
  bindReceiverResp,
  bindTransceiver,
  bindTransceiverResp,
  bindTransmitter,
  bindTransmitterResp,
} from './pdus/bind.ts'
import { cancelSm, cancelSmResp } from './pdus/cancel-sm.ts'
import { dataSm, dataSmResp } from './pdus/data-sm.ts'
import { deliverSm, deliverSmResp } from './pdus/deliver-sm.ts'
import { enquireLink, enquireLinkResp } from './pdus/enquire-link.ts'
import { genericNack } from './pdus/generic-nack.ts'
import { outbind } from './pdus/outbind.ts'
import { querySm, querySmResp } from './pdus/query-sm.ts'
import { replaceSm, replaceSmResp } from './pdus/replace-sm.ts'
import { submitMulti, submitMultiResp } from './pdus/submit-multi.ts'
import { submitSm, submitSmResp } from './pdus/submit-sm.ts'
import { unbind, unbindResp } from './pdus/unbind.ts'
import type { Tlv } from './tlv.ts'

/** SMPP 3.4, 5.1.2, by the names of the specification. */
export const GRAMMARS = {
  generic_nack: genericNack,
  bind_receiver: bindReceiver,
  bind_receiver_resp: bindReceiverResp,
  bind_transmitter: bindTransmitter,
  bind_transmitter_resp: bindTransmitterResp,
  query_sm: querySm,
  query_sm_resp: querySmResp,
  submit_sm: submitSm,
  submit_sm_resp: submitSmResp,
  deliver_sm: deliverSm,
  deliver_sm_resp: deliverSmResp,
  unbind,
  unbind_resp: unbindResp,
  replace_sm: replaceSm,
  replace_sm_resp: replaceSmResp,
  cancel_sm: cancelSm,
  cancel_sm_resp: cancelSmResp,
  bind_transceiver: bindTransceiver,
  bind_transceiver_resp: bindTransceiverResp,
  outbind,
  enquire_link: enquireLink,
  enquire_link_resp: enquireLinkResp,
  submit_multi: submitMulti,
  submit_multi_resp: submitMultiResp,
  alert_notification: alertNotification,
  data_sm: dataSm,
  data_sm_resp: dataSmResp,
} as const satisfies Record<string, PduGrammar>

export type CommandName = keyof typeof GRAMMARS
type Values<C extends CommandName> = FieldValues<(typeof GRAMMARS)[C]['fields']>

interface PduHeader<C extends CommandName> {
  readonly command: C
  /** 1 to 0x7FFFFFFF; 0 only in a generic_nack to what could not be read. */
  readonly sequence: number
  /** 0 in requests. */
  readonly status: number
}

/** A PDU of one command, or of one of several: header, mandatory fields, and TLVs in the order of the wire. */
export type PduOf<C extends CommandName> = C extends CommandName
  ? PduHeader<C> & Values<C> & { readonly tlvs: readonly Tlv[] }
  : never

/** Any PDU; its `command` discriminates. */
export type Pdu = PduOf<CommandName>

type RequestName = { [C in CommandName]: `${C}_resp` extends CommandName ? C : never }[CommandName]

type Given<C extends CommandName> = Partial<Values<C> & { readonly status: number; readonly tlvs: readonly Tlv[] }>

/** A PDU of which the fields that are not given are empty. */
export function createPdu<C extends CommandName>(command: C, sequence: number, given?: Given<C>): PduOf<C> {
  const pdu: Record<string, unknown> = { command, sequence, status: 0 }
  const { names, kinds } = GRAMMARS[command]
  for (let index = 0; index < names.length; index++) pdu[names[index]!] = kinds[index]!.empty
  pdu.tlvs = []
  // The grammar, from which the type follows, names each of the fields.
  return Object.assign(pdu, given) as unknown as PduOf<C>
}

/** The response that a request is owed, under its sequence number. */
export function createResponse<C extends RequestName>(
  request: PduHeader<C>,
  given?: Given<`${C}_resp`>,
): PduOf<`${C}_resp`> {
  return createPdu(`${request.command}_resp`, request.sequence, given)
}
