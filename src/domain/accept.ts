import { Problem } from './errors.ts'
import { SEND_AHEAD_DAYS_LIMIT } from './send-time.ts'
import type { Encoding } from './text/segments.ts'

/** A message that passed validation: checked, routed and priced. Amounts in the currency's minor unit. */
export interface MessageDraft {
  readonly phone: string
  readonly text: string
  /** Whether characters of the given text were replaced by look-alikes. */
  readonly textChanged: boolean
  readonly sender: string | null
  readonly encoding: Encoding
  /** Shown at once and not kept (message class 0). */
  readonly flash: boolean
  readonly segments: number
  readonly operator: string
  /** Why that operator was chosen, for the timeline. */
  readonly route: string
  /** The network of the number, if a route asked for it. */
  readonly mccMnc: string | null
  readonly cost: number
  readonly priority: number
  /** When it is to be sent; null for at once. */
  readonly sendAtMs: number | null
  readonly validUntilMs: number | null
  readonly clientRef: string | null
  readonly metadata: Readonly<Record<string, string>> | null
}

/** An idempotency key with the hash of the request it came with. */
export interface IdempotencyClaim {
  readonly key: string
  readonly requestHash: Buffer
  /** How far back to search for an earlier request with this key. */
  readonly rememberedDays: number
}

const REMEMBERED_DAYS = 3

/**
 * The key of a scheduled message is remembered until after its time, so that a repetition does not schedule it twice.
 */
export function rememberedDays(isScheduled: boolean): number {
  return REMEMBERED_DAYS + (isScheduled ? SEND_AHEAD_DAYS_LIMIT : 0)
}

/** One message of a request: valid, or why not; with its own idempotency key if it has one. */
export interface AcceptRow {
  readonly draft: MessageDraft | Problem
  readonly claim: IdempotencyClaim | null
}

/** The messages that one HTTP request submits for acceptance. */
export interface AcceptRequest {
  readonly customerId: string
  /** Of the request as a whole. */
  readonly claim: IdempotencyClaim | null
  readonly rows: readonly AcceptRow[]
}

/** What was done under a key. */
export interface GivenAnswer {
  readonly requestHash: Buffer
  /** For each message of that request: what was answered if it was accepted, else null. */
  readonly accepted: readonly (object | null)[]
}

/**
 * What the gateway does with a message.
 * - `accept`: it is charged and stored.
 * - `replay`: it was accepted before, under its own key or its request's; that answer is given again.
 * - `refused`: it is invalid, the balance does not cover it, or its key was used for another message.
 */
export type RowDecision =
  | { readonly kind: 'accept'; readonly draft: MessageDraft }
  | { readonly kind: 'replay'; readonly response: object }
  | Refused

/** What the gateway does with a request. `isRepeated`: its own key has an answer already. */
export type AcceptDecision =
  | { readonly kind: 'rows'; readonly rows: readonly RowDecision[]; readonly isRepeated: boolean }
  | Refused

export interface Refused {
  readonly kind: 'refused'
  readonly problem: Problem
}

/**
 * Decides over requests in the order they came, given the customers' balances and what was done under their keys. What
 * was accepted before comes first: its answer is repeated, even if routes, prices, times and balances have changed
 * since. What was refused was not done, so it is decided again. Each draft is funded from the balance that the drafts
 * before it leave. A key must not occur twice in one call: the caller makes the second request wait.
 */
export function decideAccept(
  requests: readonly AcceptRequest[],
  balances: ReadonlyMap<string, number>,
  answers: (customerId: string, key: string) => GivenAnswer | undefined,
): AcceptDecision[] {
  const left = new Map(balances)
  return requests.map(({ customerId, claim, rows }): AcceptDecision => {
    const given = claim ? answers(customerId, claim.key) : undefined
    if (given && !given.requestHash.equals(claim!.requestHash)) return refuse(mismatch())
    let balance = left.get(customerId)
    if (balance === undefined) return refuse(new Problem('forbidden', 'The customer of this API key has no account.'))
    const decisions = rows.map((row, index): RowDecision => {
      const before = given?.accepted[index]
      if (before) return { kind: 'replay', response: before }
      const own = row.claim ? answers(customerId, row.claim.key) : undefined
      if (own) return replayRow(own, row.claim!)
      const { draft } = row
      if (draft instanceof Problem) return refuse(draft)
      if (!isPayable(draft.cost, balance!)) return refuse(unfunded())
      balance! -= draft.cost
      return { kind: 'accept', draft }
    })
    left.set(customerId, balance)
    return { kind: 'rows', rows: decisions, isRepeated: given !== undefined }
  })
}

function replayRow({ requestHash, accepted }: GivenAnswer, claim: IdempotencyClaim): RowDecision {
  const [response] = accepted
  return response && requestHash.equals(claim.requestHash) ? { kind: 'replay', response } : refuse(mismatch())
}

/** A cost beyond 2^53 is not exact, and one below zero would be a credit: neither is ever charged. */
function isPayable(cost: number, balance: number): boolean {
  return Number.isSafeInteger(cost) && cost >= 0 && cost <= balance
}

function refuse(problem: Problem): Refused {
  return { kind: 'refused', problem }
}

function mismatch(): Problem {
  return new Problem('idempotency-mismatch', 'This Idempotency-Key was used for another request; use a new key.')
}

function unfunded(): Problem {
  return new Problem('insufficient-balance', 'The balance does not cover this; nothing was charged. Top up first.')
}
