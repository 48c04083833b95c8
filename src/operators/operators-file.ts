import { type TSchema, Type } from 'typebox'
import type { NetworkPrefixes } from '../domain/routing/networks.ts'
import type { SenderRules } from '../domain/routing/sender-rules.ts'
import { firstFault, parseYamlFile } from '../runtime/yaml-file.ts'
import type { KnownConnectors } from './connector-settings.ts'
import { connectorSettings, type OperatorConfig, OperatorName, operatorSchema } from './operator-schema.ts'
import { type DeclaredRoute, faultOfRoute, MccMnc, RouteSchema } from './route-schema.ts'

/** Each operator is checked by the schema of its connector, so that a fault is named as one of that. */
function fileSchema(connectors: readonly string[]) {
  return Type.Object(
    {
      operators: Type.Record(
        OperatorName,
        Type.Object({ connector: Type.Enum([...connectors]) }, { additionalProperties: true }),
        { minProperties: 1, additionalProperties: false },
      ),
      networks: Type.Optional(
        Type.Record(MccMnc, Type.Array(Type.String({ pattern: '^[1-9][0-9]{0,14}$' }), { minItems: 1 }), {
          additionalProperties: false,
        }),
      ),
      routes: Type.Array(RouteSchema, { minItems: 1, maxItems: 100_000 }),
    },
    { additionalProperties: false },
  )
}

/** Operators and routes as the file has them, checked. */
export interface DeclaredOperators {
  readonly operators: Readonly<Record<string, OperatorConfig>>
  /** Beside those of Iran, or in their place. */
  readonly networks: NetworkPrefixes
  readonly routes: readonly DeclaredRoute[]
}

/** Makes the error for a fault at a JSON pointer. */
type FaultAt = (pointer: string, what: string) => Error

/** Parses what `path` holds. Throws YamlFileError that names the line and what is wrong there. */
export function parseOperators(source: string, path: string, connectors: KnownConnectors): DeclaredOperators {
  const { value, faultAt } = parseYamlFile(Type.Unknown(), source, path)
  const declared = checkOperators(value, connectors, faultAt)
  for (const [name, operator] of Object.entries(declared.operators)) {
    const fault = connectors[operator.connector]!.check(connectorSettings(operator), operator.window)
    if (fault) throw faultAt(`/operators/${name}/${operator.connector}${fault.pointer}`, fault.what)
  }
  return declared
}

/**
 * Checks what a file had, as it is stored. Throws what `faultAt` makes of the first fault. What only concerns one
 * operator's connection is not looked at: a revision that an older version took stays in force, and an operator that
 * cannot be connected to keeps no other from it.
 */
export function checkOperators(value: unknown, connectors: KnownConnectors, faultAt: FaultAt): DeclaredOperators {
  demand(fileSchema(Object.keys(connectors)), value, '', faultAt)
  const { operators, networks = {}, routes } = value as DeclaredOperators
  for (const [name, operator] of Object.entries(operators)) {
    const schema = operatorSchema(operator.connector, connectors[operator.connector]!.settings)
    demand(schema, operator, `/operators/${name}`, faultAt)
    checkSenders(operator.senders, `/operators/${name}/senders`, faultAt)
  }
  for (const [index, route] of routes.entries()) {
    const fault = faultOfRoute(route, operators)
    if (fault) throw faultAt(`/routes/${index}${fault.pointer}`, fault.what)
    checkSenders(route.senders, `/routes/${index}/senders`, faultAt)
  }
  return { operators, networks, routes }
}

function demand(schema: TSchema, value: unknown, pointer: string, faultAt: FaultAt): void {
  const fault = firstFault(schema, value)
  if (fault) throw faultAt(`${pointer}${fault.pointer}`, fault.what)
}

/** `replace` is a sender that is put where another is not allowed: that must be so for some. */
function checkSenders(senders: SenderRules | undefined, pointer: string, faultAt: FaultAt): void {
  const { allow, default: byDefault, replace } = senders ?? {}
  if (replace === undefined) return
  if (allow?.includes('*')) throw faultAt(`${pointer}/replace`, 'replaces nothing: all are allowed')
  if (!allow && byDefault !== undefined) {
    throw faultAt(`${pointer}/default`, 'is not needed: `replace` applies to every sender, also to none')
  }
}
