import { senderPattern } from './sender-rules.ts'

/** Which messages a route is for. What is not given fits all; of what is given, one of each must fit. */
export interface RouteMatch {
  /** Digits behind the plus. */
  readonly prefixes?: readonly string[]
  readonly mccMncs?: readonly string[]
  /** ISO 3166-1 alpha-2. */
  readonly countries?: readonly string[]
  /** Patterns, in which `*` matches anything. */
  readonly senders?: readonly string[]
  readonly customers?: readonly string[]
  readonly priorities?: readonly number[]
}

/** What of a message chooses its route. */
export interface MatchedMessage {
  /** E.164. */
  readonly phone: string
  readonly mccMnc: string | null
  readonly country: string | null
  readonly sender: string | null
  readonly customerId: string
  readonly priority: number
}

/** One way to fit a route: with one of its prefixes, for one of its customers. */
export interface RouteEntry<Of> {
  readonly route: Of
  readonly match: RouteMatch
  readonly prefix: string
  readonly customer: string | null
}

interface RankedEntry<Of> extends RouteEntry<Of> {
  /** Of two entries that fit, the one with the lower rank decides. */
  readonly rank: number
  readonly sendersFit: ((sender: string) => boolean) | null
}

/**
 * Finds the most specific route of a message: one that names its customer goes before one that does not, then one that
 * names its sender, its priority, its network, then the longest prefix, then one that names its country, and at last
 * the one that comes first in the file. A look-up for each length of prefix, however many routes there are.
 */
export class RouteIndex<Of> {
  readonly #byCustomer = new Map<string, Buckets<Of>>()
  readonly #general = new Buckets<Of>()

  constructor(routes: readonly { readonly match: RouteMatch; readonly route: Of }[]) {
    const entries = routes.flatMap(({ match, route }) =>
      (match.customers ?? [null]).flatMap((customer) =>
        (match.prefixes ?? ['']).map((prefix): RouteEntry<Of> => ({ route, match, prefix, customer })),
      ),
    )
    // The sort is stable: what is equal stays in the order of the file.
    entries.sort(bySpecificity)
    for (const [rank, entry] of entries.entries()) {
      const { senders } = entry.match
      const ranked = { ...entry, rank, sendersFit: senders ? senderPattern(senders) : null }
      this.#bucketsOf(entry.customer).add(ranked)
    }
  }

  find(message: MatchedMessage): RouteEntry<Of> | null {
    return this.#byCustomer.get(message.customerId)?.find(message) ?? this.#general.find(message)
  }

  #bucketsOf(customer: string | null): Buckets<Of> {
    if (customer === null) return this.#general
    const buckets = this.#byCustomer.get(customer) ?? new Buckets<Of>()
    this.#byCustomer.set(customer, buckets)
    return buckets
  }
}

/** Entries by network, by prefix and by country, each list in the order of ranks. */
class Buckets<Of> {
  readonly #byNetwork = new Map<string, RankedEntry<Of>[]>()
  readonly #byPrefix = new Map<string, RankedEntry<Of>[]>()
  readonly #byCountry = new Map<string, RankedEntry<Of>[]>()
  readonly #lengths: number[] = []

  add(entry: RankedEntry<Of>): void {
    const { prefix, match } = entry
    if (match.mccMncs) {
      for (const mccMnc of match.mccMncs) append(this.#byNetwork, mccMnc, entry)
    } else if (prefix === '' && match.countries) {
      for (const country of match.countries) append(this.#byCountry, country, entry)
    } else {
      append(this.#byPrefix, prefix, entry)
      if (!this.#lengths.includes(prefix.length)) this.#lengths.push(prefix.length)
    }
  }

  find(message: MatchedMessage): RankedEntry<Of> | null {
    const { phone, mccMnc, country } = message
    let best = mccMnc === null ? null : better(null, this.#byNetwork.get(mccMnc), message)
    for (const length of this.#lengths) best = better(best, this.#byPrefix.get(phone.slice(1, 1 + length)), message)
    return country === null ? best : better(best, this.#byCountry.get(country), message)
  }
}

function better<Of>(
  best: RankedEntry<Of> | null,
  bucket: readonly RankedEntry<Of>[] | undefined,
  message: MatchedMessage,
): RankedEntry<Of> | null {
  if (!bucket) return best
  for (const entry of bucket) {
    if (best && best.rank < entry.rank) return best
    if (fits(entry, message)) return entry
  }
  return best
}

/** The customer and, by the bucket, one of network, prefix and country fit already. */
function fits<Of>({ match, prefix, sendersFit }: RankedEntry<Of>, message: MatchedMessage): boolean {
  if (match.priorities && !match.priorities.includes(message.priority)) return false
  if (sendersFit && (message.sender === null || !sendersFit(message.sender))) return false
  if (!message.phone.startsWith(prefix, 1)) return false
  return !match.countries || (message.country !== null && match.countries.includes(message.country))
}

function bySpecificity<Of>(a: RouteEntry<Of>, b: RouteEntry<Of>): number {
  const given = (what: keyof RouteMatch): number =>
    Number(b.match[what] !== undefined) - Number(a.match[what] !== undefined)
  return (
    Number(b.customer !== null) - Number(a.customer !== null) ||
    given('senders') ||
    given('priorities') ||
    given('mccMncs') ||
    b.prefix.length - a.prefix.length ||
    given('countries')
  )
}

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
