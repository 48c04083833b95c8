import { IRAN_NETWORKS, NetworkTable, type NumberNetwork } from '../domain/routing/networks.ts'
import {
  type CompiledRoutes,
  compileRoutes,
  type RouteCandidate,
  type RouteRanking,
  rankRoutes,
} from '../domain/routing/rank-routes.ts'
import { compileSenderRules } from '../domain/routing/sender-rules.ts'
import { countryOf } from './country-of.ts'
import type { OperatorConfig } from './operator-schema.ts'
import type { DeclaredOperators } from './operators-file.ts'
import type { PortedNetwork } from './portability/portability.ts'
import { toRoute } from './route-schema.ts'

/** What of a message is needed to route it. */
export interface MessageToRoute {
  /** E.164. */
  readonly phone: string
  /** As the customer asked for it. */
  readonly sender: string | null
  readonly customerId: string
  readonly priority: number
  /** As a portability table or service said; null to go by the number's prefix. */
  readonly network: NumberNetwork | null
}

/** One revision of operators and routes, ready to route messages by. It never changes. */
export class OperatorSetup {
  readonly revision: number
  readonly operators: ReadonlyMap<string, OperatorConfig>
  readonly #routes: CompiledRoutes
  readonly #networks: NetworkTable

  constructor(revision: number, declared: DeclaredOperators) {
    this.revision = revision
    this.operators = new Map(Object.entries(declared.operators))
    const senders = [...this.operators].flatMap(([name, config]) =>
      config.senders ? [[name, config.senders] as const] : [],
    )
    this.#routes = compileRoutes(declared.routes.map(toRoute), new Map(senders))
    this.#networks = new NetworkTable({ ...IRAN_NETWORKS, ...declared.networks })
  }

  /** Whether some route asks for the network of a number. */
  get needsNetwork(): boolean {
    return this.#routes.needsNetwork
  }

  /** The network of a number by what portability knows of it, else by its prefix; null if neither says. */
  networkOf(phone: string, ported: PortedNetwork | undefined): NumberNetwork | null {
    if (ported && ported.mccMnc !== null) return { mccMnc: ported.mccMnc, known: ported.known }
    const byPrefix = this.#networks.networkOf(phone)
    return byPrefix && ported ? { ...byPrefix, known: `${byPrefix.known}, ${ported.known}` } : byPrefix
  }

  /** The operators that a message may go by, in the order in which they are to be tried. */
  rank(message: MessageToRoute): RouteRanking {
    return rankRoutes(this.#routes, {
      ...message,
      network: this.#routes.needsNetwork ? (message.network ?? this.#networks.networkOf(message.phone)) : null,
      country: this.#routes.needsCountry ? countryOf(message.phone) : null,
    })
  }

  /**
   * The candidates of a message that was accepted for an operator. That one goes first as long as there is one by its
   * name, whatever the routes say now; those that the routes have for the message follow.
   */
  rankAccepted(message: MessageToRoute, operator: string): readonly RouteCandidate[] {
    const ranking = this.rank(message)
    const { sender, candidates } = ranking.kind === 'ranked' ? ranking : { sender: message.sender, candidates: [] }
    const accepted =
      candidates.find((candidate) => candidate.operator === operator) ?? this.#asAccepted(operator, sender)
    return accepted ? [accepted, ...candidates.filter((candidate) => candidate !== accepted)] : candidates
  }

  #asAccepted(operator: string, sender: string | null): RouteCandidate | null {
    const config = this.operators.get(operator)
    if (!config) return null
    const taken = compileSenderRules(config.senders ?? {})(sender)
    if (taken.kind === 'refused') return null
    return { operator, price: 0, sender: taken.sender, why: `${operator}: as accepted; the routes have changed since` }
  }
}
