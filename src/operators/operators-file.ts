import { type Static, Type } from 'typebox'
import type { NetworkPrefixes } from '../domain/routing/networks.ts'
import type { SenderRules } from '../domain/routing/sender-rules.ts'
import { parseYamlFile, type YamlFile } from '../runtime/yaml-file.ts'
import { CONNECTOR_NAMES, type OperatorConfig, operatorSchema } from './operator-schema.ts'
import { type DeclaredRoute, faultOfRoute, MccMnc, RouteSchema } from './route-schema.ts'

/** Each operator is checked by the schema of its connector, so that a fault is named as one of that. */
const OperatorsFile = Type.Object(
  {
    operators: Type.Record(
      Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
      Type.Object({ connector: Type.Enum(CONNECTOR_NAMES) }, { additionalProperties: true }),
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

/** Operators and routes as the file has them, checked. */
export interface DeclaredOperators {
  readonly operators: Readonly<Record<string, OperatorConfig>>
  /** Beside those of Iran, or in their place. */
  readonly networks: NetworkPrefixes
  readonly routes: readonly DeclaredRoute[]
}

/** Parses what `path` holds. Throws YamlFileError that names the line and what is wrong there. */
export function parseOperators(source: string, path: string): DeclaredOperators {
  const file = parseYamlFile(OperatorsFile, source, path)
  const { networks = {}, routes } = file.value
  const operators = checkOperators(file)
  for (const [index, route] of routes.entries()) {
    const fault = faultOfRoute(route, operators)
    if (fault) throw file.faultAt(`/routes/${index}${fault.pointer}`, fault.what)
    if (route.senders) checkSenders(file, `/routes/${index}/senders`, route.senders)
  }
  return { operators, networks, routes }
}

type ParsedFile = YamlFile<Static<typeof OperatorsFile>>

function checkOperators(file: ParsedFile): DeclaredOperators['operators'] {
  const { operators } = file.value
  for (const [name, operator] of Object.entries(operators)) {
    file.check(operatorSchema(operator.connector), `/operators/${name}`, operator)
    const { senders } = operator as OperatorConfig
    if (senders) checkSenders(file, `/operators/${name}/senders`, senders)
  }
  return operators as DeclaredOperators['operators']
}

/** `replace` is a sender that is put where another is not allowed: that must be so for some. */
function checkSenders(
  { faultAt }: ParsedFile,
  pointer: string,
  { allow, default: byDefault, replace }: SenderRules,
): void {
  if (allow?.includes('*') && replace !== undefined)
    throw faultAt(`${pointer}/replace`, 'replaces nothing: all are allowed')
  if (!allow && byDefault !== undefined && replace !== undefined) {
    throw faultAt(`${pointer}/default`, 'is not needed: `replace` stands for every sender, also for none')
  }
}
