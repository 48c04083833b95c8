import { Problem } from '../domain/errors.ts'
import { toE164 } from '../domain/phone.ts'
import type { OperatorDirectory } from '../operators/operator-directory.ts'
import type { OperatorSetup } from '../operators/operator-setup.ts'
import type { Portability, PortedNetwork } from '../operators/portability/portability.ts'
import type { ChooseRoute } from './choose-route.ts'
import type { DraftRules } from './draft-message.ts'

export interface MessageRouterParts {
  readonly operators: Pick<OperatorDirectory, 'current'>
  readonly portability: Portability
  readonly segmentsMax: number
  readonly sendAheadDaysMax: number
  /** PostgreSQL's time, as the messages' ids and acceptance have it. */
  readonly nowMs: () => number
}

/** The rules for the messages of one request. */
export interface RequestRules extends DraftRules {
  /** When it came, by which times to send and validities are reckoned. */
  readonly nowMs: number
}

/** The customer, as the API key says. */
export interface RequestSender {
  readonly customerId: string
  /** Whether priority 3 is permitted. */
  readonly expressAllowed: boolean
}

/** Routes what customers want to send, by the operators and routes that are in force when they ask. */
export class MessageRouter {
  readonly #parts: MessageRouterParts

  constructor(parts: MessageRouterParts) {
    this.#parts = parts
  }

  /**
   * The rules for one request of a customer, permitted to send with priority 3 or not. The networks of its numbers are
   * looked up before, all at once, and only if some route asks for networks. Never throws: a number that cannot be
   * looked up goes by its prefix.
   */
  async rulesFor(
    { customerId, expressAllowed }: RequestSender,
    messages: readonly { readonly to: string }[],
  ): Promise<RequestRules> {
    const { operators, portability, segmentsMax, sendAheadDaysMax } = this.#parts
    const nowMs = this.#parts.nowMs()
    const setup = operators.current()
    const ported = setup.needsNetwork
      ? await portability.networksOf(messages.flatMap(({ to }) => toE164(to) ?? []))
      : null
    return { segmentsMax, sendAheadDaysMax, expressAllowed, nowMs, route: chooseBy(setup, customerId, ported) }
  }
}

function chooseBy(
  setup: OperatorSetup,
  customerId: string,
  ported: ReadonlyMap<string, PortedNetwork> | null,
): ChooseRoute {
  return (message, pointer) => {
    const network = ported && setup.networkOf(message.phone, ported.get(message.phone))
    const ranking = setup.rank({ ...message, customerId, network })
    switch (ranking.kind) {
      case 'ranked':
        return { ...ranking.candidates[0], mccMnc: network?.mccMnc ?? null }
      case 'no-route':
        throw new Problem('no-route', 'No operator is configured for this number; nothing was charged.')
      case 'sender-refused':
        throw new Problem('invalid-sender', 'This sender may not be used for this number; nothing was charged.', [
          { pointer: `${pointer}/from`, detail: 'is not permitted' },
        ])
    }
  }
}
