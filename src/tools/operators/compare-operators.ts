import type { DeclaredOperators } from '../../operators/operators-file.ts'
import type { DeclaredRoute } from '../../operators/route-schema.ts'

/** A value that two revisions have differently; undefined where one has none. */
interface FieldChange {
  readonly field: string
  readonly from?: unknown
  readonly to?: unknown
}

/** What differs between two revisions, in one operator, route or network. */
export interface OperatorsChange {
  readonly kind: 'add' | 'change' | 'remove'
  /** `operator mci`, or `route customer acme, prefix 98`. */
  readonly what: string
  readonly fields: readonly FieldChange[]
}

const NOTHING: DeclaredOperators = { operators: {}, networks: {}, routes: [] }
/** A field so named holds a secret, unless it only says where the secret is. */
const SECRET = /(password|secret|token|authorization|key)$/i

/** What would change; nothing if both route every message alike. `from` is null where there is nothing yet. */
export function compareOperators(from: DeclaredOperators | null, to: DeclaredOperators): OperatorsChange[] {
  const before = from ?? NOTHING
  return [
    ...compare('operator', new Map(Object.entries(before.operators)), new Map(Object.entries(to.operators))),
    ...compare('network', new Map(Object.entries(before.networks)), new Map(Object.entries(to.networks))),
    ...compare('route', routesByMatch(before.routes), routesByMatch(to.routes)),
  ]
}

function compare(
  of: string,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): OperatorsChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name): OperatorsChange[] => {
    const fields = changedFields(before.get(name), after.get(name))
    const what = `${of} ${name}`
    if (!before.has(name)) return [{ kind: 'add', what, fields }]
    if (!after.has(name)) return [{ kind: 'remove', what, fields: [] }]
    return fields.length === 0 ? [] : [{ kind: 'change', what, fields }]
  })
}

/** Routes by what they match. Of several that match alike the first in the file decides, so their place counts. */
function routesByMatch(routes: readonly DeclaredRoute[]): Map<string, unknown> {
  const named = new Map<string, unknown>()
  for (const { prefix, mcc_mnc, country, sender, customer, priority, ...rest } of routes) {
    const match = { customer, sender, priority, mcc_mnc, prefix, country }
    const words = Object.entries(match)
      .filter(([, value]) => value !== undefined)
      .map(([field, value]) => `${field} ${value === '' ? '""' : String(value).replaceAll(',', ' or ')}`)
      .join(', ')
    let name = words
    for (let place = 2; named.has(name); place++) name = `${words} (${place})`
    named.set(name, rest)
  }
  return named
}

function changedFields(before: unknown, after: unknown): FieldChange[] {
  const [from, to] = [leavesOf(before), leavesOf(after)]
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((field) => JSON.stringify(from.get(field)) !== JSON.stringify(to.get(field)))
    .map((field) => ({ field, ...shown('from', field, from), ...shown('to', field, to) }))
}

function shown(side: 'from' | 'to', field: string, leaves: ReadonlyMap<string, unknown>): Partial<FieldChange> {
  if (!leaves.has(field)) return {}
  return { [side]: SECRET.test(field) ? '(not shown)' : withoutPassword(leaves.get(field)) }
}

/** An address without its password and query. */
function withoutPassword(value: unknown): unknown {
  if (typeof value !== 'string' || !URL.canParse(value)) return value
  return value.replace(/\/\/[^/@]*@/, '//…@').replace(/\?.*$/s, '?…')
}

/** The values within a value, by their paths: `senders.default`. Lists are values of their own. */
function leavesOf(value: unknown, path = ''): Map<string, unknown> {
  if (value === undefined) return new Map()
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return new Map([[path, value]])
  return new Map(
    Object.entries(value).flatMap(([name, each]) => [...leavesOf(each, path === '' ? name : `${path}.${name}`)]),
  )
}

/** A change in one line, as a plan shows it. */
export function describeOperatorsChange({ kind, what, fields }: OperatorsChange): string {
  const value = (field: FieldChange, side: 'from' | 'to'): string =>
    side in field ? JSON.stringify(field[side]) : '(none)'
  const name = (field: FieldChange): string => (field.field === '' ? '' : `${field.field} `)
  switch (kind) {
    case 'add':
      return `+ ${what}: ${fields.map((field) => `${name(field)}${value(field, 'to')}`).join(', ')}`
    case 'change':
      return `~ ${what}: ${fields.map((field) => `${name(field)}${value(field, 'from')} → ${value(field, 'to')}`).join(', ')}`
    case 'remove':
      return `- ${what}`
  }
}
