import type { NumberNetwork } from './networks.ts'
import { type RouteEntry, RouteIndex, type RouteMatch } from './route-index.ts'
import { type CompiledSenderRules, compileSenderRules, type SenderDecision, type SenderRules } from './sender-rules.ts'
import { hashOf, weightedOrder } from './weighted-order.ts'

/**
 * A route: which messages go to which operators, and at what price. Prices per segment, in the currency's minor unit.
 */
export interface Route {
  readonly match: RouteMatch
  /** Each gets its weight's share of the numbers. */
  readonly to: readonly RouteTarget[]
  /** Tried one after another when none of `to` takes the message. */
  readonly failover: readonly string[]
  readonly senders: SenderRules | null
}

export interface RouteTarget {
  readonly operator: string
  readonly weight: number
  readonly price: number
}

/** A message to be routed. */
export interface RoutedMessage {
  /** E.164. */
  readonly phone: string
  /** Null if it is not known, or no route asks for it. */
  readonly network: NumberNetwork | null
  readonly country: string | null
  /** As the customer asked for it. */
  readonly sender: string | null
  readonly customerId: string
  readonly priority: number
}

export interface RouteCandidate {
  readonly operator: string
  readonly price: number
  /** To be used with this operator; null for its own. */
  readonly sender: string | null
  /** For the timeline: why it is this one. */
  readonly why: string
}

/** Candidates in the order in which they are to be tried, at least one; or why there is none. */
export type RouteRanking =
  | {
      readonly kind: 'ranked'
      /** The sender after the route's rules; the operator's own rules may change it further. */
      readonly sender: string | null
      readonly candidates: readonly [RouteCandidate, ...RouteCandidate[]]
    }
  | { readonly kind: 'no-route' }
  | { readonly kind: 'sender-refused'; readonly by: string }

interface CompiledTarget extends RouteTarget {
  readonly hash: number
  readonly senders: CompiledSenderRules | null
  /** Behind what the route fits by: `, weight 70 of 100`. */
  readonly share: string
}

interface CompiledRoute {
  readonly to: readonly CompiledTarget[]
  readonly failover: readonly CompiledTarget[]
  readonly senders: CompiledSenderRules | null
}

/** Routes made ready for many messages. */
export interface CompiledRoutes {
  readonly index: RouteIndex<CompiledRoute>
  /** Some route asks for the network of a number, or its country. */
  readonly needsNetwork: boolean
  readonly needsCountry: boolean
}

/** `operatorSenders`: what each operator takes as a sender; operators without rules may be left out. */
export function compileRoutes(
  routes: readonly Route[],
  operatorSenders: ReadonlyMap<string, SenderRules> = new Map(),
): CompiledRoutes {
  const sendersOf = new Map([...operatorSenders].map(([name, rules]) => [name, compileSenderRules(rules)]))
  const compiled = routes.map((route) => ({ match: route.match, route: compileRoute(route, sendersOf) }))
  return {
    index: new RouteIndex(compiled),
    needsNetwork: routes.some(({ match }) => match.mccMncs !== undefined),
    needsCountry: routes.some(({ match }) => match.countries !== undefined),
  }
}

function compileRoute(
  { to, failover, senders }: Route,
  sendersOf: ReadonlyMap<string, CompiledSenderRules>,
): CompiledRoute {
  const weights = to.reduce((sum, { weight }) => sum + weight, 0)
  const compile = (target: RouteTarget, share: string): CompiledTarget => {
    return { ...target, hash: hashOf(target.operator), senders: sendersOf.get(target.operator) ?? null, share }
  }
  return {
    to: to.map((target) => compile(target, to.length === 1 ? '' : `, weight ${target.weight} of ${weights}`)),
    failover: failover.map((operator, index) =>
      compile({ operator, weight: 0, price: to[0]!.price }, `, failover ${index + 1}`),
    ),
    senders: senders && compileSenderRules(senders),
  }
}

/**
 * Chooses the most specific route, draws among its operators by their weights, the same for a number each time, and
 * has its failover follow. An operator that does not take the sender is left out.
 */
export function rankRoutes({ index }: CompiledRoutes, message: RoutedMessage): RouteRanking {
  const { phone, network, sender } = message
  const entry = index.find({ ...message, mccMnc: network?.mccMnc ?? null })
  if (!entry) return { kind: 'no-route' }
  const { to, failover, senders } = entry.route
  const permitted = decide(senders, sender)
  if (permitted.kind === 'refused') return { kind: 'sender-refused', by: `the route ${fitsBy(entry, network)}` }
  const [first, ...rest] = [...weightedOrder(to, hashOf(phone)), ...failover].flatMap((target): RouteCandidate[] => {
    const taken = decide(target.senders, permitted.sender)
    if (taken.kind === 'refused') return []
    const as = taken.sender === sender ? '' : `, from ${taken.sender}`
    const why = `${target.operator}: ${fitsBy(entry, network)}${target.share}${as}`
    return [{ operator: target.operator, price: target.price, sender: taken.sender, why }]
  })
  if (!first) return { kind: 'sender-refused', by: `${to.map(({ operator }) => operator).join(' and ')}` }
  return { kind: 'ranked', sender: permitted.sender, candidates: [first, ...rest] }
}

function decide(rules: CompiledSenderRules | null, sender: string | null): SenderDecision {
  return rules ? rules(sender) : { kind: 'use', sender }
}

/** What of a message the route names, in words. */
function fitsBy<Of>({ match, prefix, customer }: RouteEntry<Of>, network: NumberNetwork | null): string {
  let words = ''
  if (customer !== null) words += `customer ${customer}, `
  if (match.senders) words += `sender ${match.senders.join(' or ')}, `
  if (match.priorities) words += `priority ${match.priorities.join(' or ')}, `
  if (match.mccMncs) words += `${network!.mccMnc} ${network!.known}, `
  if (prefix !== '') words += `prefix ${prefix}, `
  if (match.countries) words += `country ${match.countries.join(' or ')}, `
  return words === '' ? 'every number' : words.slice(0, -2)
}
