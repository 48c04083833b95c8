/** A way out: numbers with a prefix go to an operator, for a price. */
export interface Route {
  /** Digits behind the plus; empty matches every number. */
  readonly prefix: string
  readonly operator: string
  /** Per segment, in the currency's minor unit. */
  readonly price: number
}

/** The route with the longest prefix that fits, or null if no route serves the number. */
export function chooseRoute(routes: readonly Route[], phone: string): Route | null {
  let best: Route | null = null
  for (const route of routes) {
    if (!phone.startsWith(route.prefix, 1)) continue
    if (!best || route.prefix.length > best.prefix.length) best = route
  }
  return best
}
