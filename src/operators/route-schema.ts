import { type Static, type TSchema, Type } from 'typebox'
import type { Route, RouteTarget } from '../domain/routing/rank-routes.ts'
import { OperatorName, SenderPattern, SenderRulesSchema } from './operator-schema.ts'

const Prefix = Type.String({ pattern: '^[0-9]{0,15}$' })
export const MccMnc = Type.String({ pattern: '^[0-9]{3}-[0-9]{2,3}$' })
const Country = Type.String({ pattern: '^[A-Z]{2}$' })
const Customer = Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })
const Priority = Type.Integer({ minimum: 0, maximum: 3 })
const Price = Type.Integer({ minimum: 0, maximum: 1_000_000_000 })

/** One of something, or several. */
function some<Schema extends TSchema>(schema: Schema) {
  return Type.Optional(Type.Union([schema, Type.Array(schema, { minItems: 1, maxItems: 10_000 })]))
}

const Target = Type.Object(
  {
    operator: OperatorName,
    weight: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
    price: Type.Optional(Price),
  },
  { additionalProperties: false },
)

/** A route as the file has it; the short form is `prefix`, `operator`, `price`. */
export const RouteSchema = Type.Object(
  {
    prefix: some(Prefix),
    mcc_mnc: some(MccMnc),
    country: some(Country),
    sender: some(SenderPattern),
    customer: some(Customer),
    priority: some(Priority),
    operator: Type.Optional(OperatorName),
    to: Type.Optional(Type.Array(Target, { minItems: 1, maxItems: 100 })),
    failover: Type.Optional(Type.Array(OperatorName, { minItems: 1, maxItems: 100 })),
    price: Type.Optional(Price),
    senders: Type.Optional(SenderRulesSchema),
  },
  { additionalProperties: false },
)

export type DeclaredRoute = Static<typeof RouteSchema>

/** What is wrong with a route beside its form: where, as a JSON pointer into the route, and what. */
export interface RouteFault {
  readonly pointer: string
  readonly what: string
}

export function faultOfRoute(route: DeclaredRoute, operators: Readonly<Record<string, unknown>>): RouteFault | null {
  const { operator, to, failover = [], price, prefix } = route
  if ((operator === undefined) === (to === undefined))
    return { pointer: '', what: 'needs `operator` or `to`, not both' }
  if (prefix === undefined && route.mcc_mnc === undefined && route.country === undefined) {
    return { pointer: '', what: 'needs `prefix`, `mcc_mnc` or `country`; the prefix "" fits every number' }
  }
  const named = [
    ...(operator === undefined ? [] : [['/operator', operator] as const]),
    ...(to ?? []).map((target, index) => [`/to/${index}/operator`, target.operator] as const),
    ...failover.map((name, index) => [`/failover/${index}`, name] as const),
  ]
  for (const [place, [pointer, name]] of named.entries()) {
    if (!Object.hasOwn(operators, name)) return { pointer, what: `there is no operator "${name}"` }
    if (named.findIndex(([, other]) => other === name) < place) return { pointer, what: `has "${name}" a second time` }
  }
  const unpriced = to?.findIndex((target) => target.price === undefined) ?? 0
  if (price === undefined && unpriced >= 0) {
    return { pointer: to ? `/to/${unpriced}` : '', what: 'has no price, and neither has its route' }
  }
  if (to && !to.some(({ weight = 1 }) => weight > 0)) return { pointer: '/to', what: 'has no weight above 0' }
  return null
}

/** The route for the rules. It must be without faults. */
export function toRoute(route: DeclaredRoute): Route {
  const { operator, to = [{ operator: operator! }], price, failover = [], senders = null } = route
  const targets = to.map((target: Static<typeof Target>): RouteTarget => {
    return { operator: target.operator, weight: target.weight ?? 1, price: (target.price ?? price)! }
  })
  return { match: matchOf(route), to: targets, failover, senders }
}

function matchOf({ prefix, mcc_mnc, country, sender, customer, priority }: DeclaredRoute): Route['match'] {
  return {
    ...(prefix === undefined ? {} : { prefixes: several(prefix) }),
    ...(mcc_mnc === undefined ? {} : { mccMncs: several(mcc_mnc) }),
    ...(country === undefined ? {} : { countries: several(country) }),
    ...(sender === undefined ? {} : { senders: several(sender) }),
    ...(customer === undefined ? {} : { customers: several(customer) }),
    ...(priority === undefined ? {} : { priorities: several(priority) }),
  }
}

function several<Value>(value: Value | Value[]): Value[] {
  return Array.isArray(value) ? value : [value]
}
