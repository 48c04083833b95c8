import type { Pdu, PduOf } from '../../../smpp/pdu.ts'

export type SessionState = 'open' | 'binding' | 'bound' | 'unbinding' | 'closed'

export interface SessionOptions {
  readonly bind: (sequence: number) => BindPdu
  /** Submits that may await their answer at once. */
  readonly window: number
  readonly bindTimeoutMs: number
  readonly responseTimeoutMs: number
  /** An enquire_link goes out when one side said nothing for that long. */
  readonly enquireLinkMs: number
  /** Without submits and deliveries for that long, the connection is made anew; 0 for never. */
  readonly inactivityMs: number
}

export type BindPdu = PduOf<'bind_transceiver'> | PduOf<'bind_transmitter'> | PduOf<'bind_receiver'>
export type Delivery = PduOf<'deliver_sm'> | PduOf<'data_sm'>
export type SubmitAnswer = PduOf<'submit_sm_resp'> | PduOf<'generic_nack'>

/** What was out of the ordinary and changed nothing. */
export type Oddity = 'late-answer' | 'unexpected-answer' | 'unknown-request' | 'unreadable-pdu' | 'enquire-unanswered'

/** Why a connection ends. `refused`: the bind was answered by `status`. */
export interface SessionEnd {
  readonly cause:
    | 'refused'
    | 'bind-timeout'
    | 'silent'
    | 'inactive'
    | 'bind-forgotten'
    | 'unbound-by-smsc'
    | 'unreadable'
    | 'connection-lost'
    | 'stopped'
  readonly status: number
  readonly detail: string
}

export type SessionAction<Submit> =
  | { readonly kind: 'send'; readonly pdu: Pdu }
  | { readonly kind: 'bound' }
  | { readonly kind: 'answered'; readonly submit: Submit; readonly answer: SubmitAnswer }
  /** The SMSC took the submit, and its answer cannot be read; `detail` says why, and how the answer begins. */
  | { readonly kind: 'answered-unreadably'; readonly submit: Submit; readonly detail: string }
  /** No answer comes any more. Not to be written if it was not yet. */
  | { readonly kind: 'given-up'; readonly submit: Submit; readonly wasWritten: boolean; readonly code: string }
  | { readonly kind: 'delivery'; readonly pdu: Delivery }
  | { readonly kind: 'noted'; readonly oddity: Oddity; readonly detail: string }
  /** What is to be sent goes out first. */
  | { readonly kind: 'close'; readonly end: SessionEnd }
