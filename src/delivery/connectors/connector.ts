import type { Encoding } from '../../domain/text/segments.ts'
import type { CallbackDoor } from '../callbacks/callback-door.ts'

/** A message as it is handed to an operator. */
export interface OutgoingMessage {
  readonly smsId: number
  /** `<sms_id>.<attempt>`, to compare the gateway's records with the operator's. */
  readonly ref: string
  /** E.164, with the plus. */
  readonly phone: string
  /** As the customer gave it; null for the operator's own default. */
  readonly sender: string | null
  readonly text: string
  readonly encoding: Encoding
  /** Shown at once and not kept (message class 0). */
  readonly flash: boolean
  /** The operator is not to try any longer than that. */
  readonly validUntilMs: number | null
  readonly priority: number
}

/** Why an answer has no id that can be read: it has none, cannot be read, broke off, or is longer than is read. */
export const UNIDENTIFIED_CODES = [
  'answer-without-id',
  'answer-unreadable',
  'answer-incomplete',
  'answer-too-long',
] as const
export type UnidentifiedCode = (typeof UNIDENTIFIED_CODES)[number]

/**
 * What came of handing over a part of a message. Ids, codes and samples are clean and bounded (`clean-answer.ts`).
 * - `sent`: the operator took it and named it.
 * - `unidentified`: the operator took it, and its answer has no id that can be read. No receipt can match it, and it is
 *   never submitted again. `sample` is the beginning of the answer, cleaned, for the operator's owner.
 * - `temporary`: refused; later it may be taken.
 * - `throttled`: refused for pace alone.
 * - `rejected`: refused for good.
 * - `ambiguous`: written, and the answer was lost: the operator may have it.
 * - `unsent`: nothing was written.
 */
export type SubmitResult =
  | { readonly kind: 'sent'; readonly operatorMessageId: string }
  | { readonly kind: 'unidentified'; readonly code: UnidentifiedCode; readonly sample: string }
  | {
      readonly kind: 'temporary' | 'throttled' | 'rejected' | 'ambiguous' | 'unsent'
      readonly code: string
      /** The operator's own words, if its answer had some. */
      readonly text?: string
    }

/** An operator's last word on what became of a part of a message that it took. */
export interface Receipt {
  /** In the form that `SubmitResult` has it: the connector brings the operator's spellings of an id to one. */
  readonly operatorMessageId: string
  /** Further ids that the receipt names, to be tried when nothing has the first. */
  readonly otherIds: readonly string[]
  /**
   * Digits of addresses that may be the message's recipient, the likeliest first, as `comparableDigits` has them; empty
   * if the receipt names none. Ids of operators are not unique: this distinguishes two submits that share one.
   */
  readonly recipients: readonly string[]
  /** `unknown`: the operator itself does not know. */
  readonly status: 'delivered' | 'failed' | 'expired' | 'rejected' | 'unknown'
  readonly errorCode: string | null
  readonly at: Date
  /** As the operator wrote it, for people: clean, at most `RECEIPT_WORDS_MAX` characters. */
  readonly words: string
  /**
   * Surely the same as one that was stored and whose acknowledgement the operator did not get; false where that is
   * uncertain. Another receipt with the same words may be of another part (`docs/operators/smpp.md`, Receipts).
   */
  readonly isRepetition?: boolean
}

export const RECEIPT_WORDS_MAX = 500
export const INCOMING_OCTETS_MAX = 4_096

/** A message from a subscriber, clean and bounded. */
export interface IncomingMessage {
  /** `acknowledgement`: a phone's answer to a message of ours (SMPP 3.4, 5.2.12). */
  readonly kind: 'message' | 'acknowledgement'
  /** As the operator writes them. */
  readonly from: string
  readonly to: string
  /** Null where `dataCoding` names no text that can be read. */
  readonly text: string | null
  readonly dataCoding: number
  /** Which part of a long message it is; null for one that is whole. */
  readonly concatenation: { readonly reference: number; readonly total: number; readonly part: number } | null
  /** The user data with its header, the first `INCOMING_OCTETS_MAX` octets of `octetsTotal`. */
  readonly octets: Buffer
  readonly octetsTotal: number
  /** The same for deliveries that say the same. */
  readonly digest: string
  /** As in `Receipt`. */
  readonly isRepetition?: boolean
}

/** What was acknowledged as a receipt, and says nothing that is understood. */
export interface OddReceipt {
  readonly operatorMessageId: string | null
  /** As in `Receipt`. */
  readonly words: string
}

/** A receipt that is stored and could not be published: the operator is to send it again. */
export class UnpublishedReceiptError extends Error {
  override readonly name = 'UnpublishedReceiptError'
}

export interface ConnectorEvents {
  /** The receipt is acknowledged to the operator when this resolves; if it rejects, the operator sends it again. */
  receipt(receipt: Receipt): Promise<void>
  /** The same of a message from a subscriber. */
  incoming(message: IncomingMessage): Promise<void>
  /** A receipt was acknowledged and not understood. Returns at once and never throws. */
  oddReceipt(odd: OddReceipt): void
  /** Whether submits are taken has changed. */
  readyChanged(ready: boolean): void
}

/** Connects a worker to an operator, whichever protocol that has: by itself, and again when the connection is lost. */
export interface Connector {
  /** Whether submits are taken. */
  readonly isReady: boolean
  /** Where the operator pushes receipts to the gateway's port; null: its receipts come in another way. */
  readonly callbackDoor: CallbackDoor | null
  start(): void
  /**
   * Takes no further submit, and resolves when the connection is closed. Answers to submits in flight are awaited, as
   * long as the response timeout; what is still open then becomes `ambiguous`.
   */
  stop(): Promise<void>
  /** How many submits the message takes here: one for each of its parts, or one for all where the operator divides it. */
  partsOf(message: OutgoingMessage): number
  /** Submits one part, from 1. The same message has the same parts each time. Never throws. Resolves within the response time-out. */
  submit(message: OutgoingMessage, part: number): Promise<SubmitResult>
}
