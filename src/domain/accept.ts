import type { Encoding } from './text/segments.ts'

/** A message that is fit to be accepted: checked, routed and priced. Amounts in the currency's minor unit. */
export interface MessageDraft {
  readonly phone: string
  readonly text: string
  /** Whether look-alikes took the place of characters of the text given. */
  readonly textChanged: boolean
  readonly sender: string | null
  readonly encoding: Encoding
  /** Shown at once and not kept (message class 0). */
  readonly flash: boolean
  readonly segments: number
  readonly operator: string
  /** Why that operator, for the timeline. */
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
}

/** What one HTTP request asks to be accepted. */
export interface AcceptRequest {
  readonly customerId: string
  readonly idempotency: IdempotencyClaim | null
  readonly drafts: readonly MessageDraft[]
}

/** An answer that was given before under the same key. */
export interface GivenAnswer {
  readonly requestHash: Buffer
  readonly status: number
  readonly response: unknown
}

/**
 * What is to become of a request.
 * - `accept`: the drafts with `funded` true are charged and stored; if none is, nothing is done.
 * - `replay`: it was answered before; the answer is given again.
 * - `mismatch`: its key was used for another request.
 * - `unknown-customer`: there is no account to charge.
 */
export type AcceptDecision =
  | { readonly kind: 'accept'; readonly funded: readonly boolean[] }
  | { readonly kind: 'replay'; readonly answer: GivenAnswer }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'unknown-customer' }

/**
 * Decides over requests in the order they came, given the customers' balances and the answers already given to their
 * keys. Each draft is funded from what those before it left. Two requests of one batch with the same key must not
 * meet here: the second is held back before.
 */
export function decideAccept(
  requests: readonly AcceptRequest[],
  balances: ReadonlyMap<string, number>,
  answers: (customerId: string, key: string) => GivenAnswer | undefined,
): AcceptDecision[] {
  const left = new Map(balances)
  return requests.map(({ customerId, idempotency, drafts }): AcceptDecision => {
    let balance = left.get(customerId)
    if (balance === undefined) return { kind: 'unknown-customer' }
    const given = idempotency && answers(customerId, idempotency.key)
    if (given && idempotency) {
      return given.requestHash.equals(idempotency.requestHash)
        ? { kind: 'replay', answer: given }
        : { kind: 'mismatch' }
    }
    const funded: boolean[] = []
    for (const { cost } of drafts) {
      const isFunded = cost <= balance
      if (isFunded) balance -= cost
      funded.push(isFunded)
    }
    left.set(customerId, balance)
    return { kind: 'accept', funded }
  })
}
