import { type Static, type TObject, type TSchema, Type } from 'typebox'

const DAY_MS = 86_400_000
/** Days that an operator's receipt may take at most. */
export const RECEIPT_DAYS_LIMIT = 30

/** As in `RouteMatch`: `*` matches anything. */
export const SenderPattern = Type.String({ pattern: '^[+]?[A-Za-z0-9 ._*-]{1,20}$' })
const Sender = Type.String({ pattern: '^[+]?[A-Za-z0-9 ._-]{1,20}$' })
export const OperatorName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' })

/** Which senders a route permits, or an operator takes. See `domain/routing/sender-rules.ts`. */
export const SenderRulesSchema = Type.Object(
  {
    allow: Type.Optional(Type.Array(SenderPattern, { minItems: 1, maxItems: 1_000 })),
    default: Type.Optional(Sender),
    replace: Type.Optional(Sender),
  },
  { additionalProperties: false, minProperties: 1 },
)

/** What an operator may be asked to do when the answer to a submit was lost. See `docs/states/attempt.md`. */
const AmbiguityPolicy = Type.Union([Type.Literal('resend'), Type.Literal('hold')])

/** What every operator has, whichever its connector is. */
const COMMON = {
  /** Submits that may await their answer at once, for each worker. */
  window: Type.Integer({ minimum: 1, maximum: 10_000 }),
  response_timeout_ms: Type.Integer({ minimum: 100, maximum: 300_000 }),
  on_ambiguous: AmbiguityPolicy,
  /** Of `resend`: how often in a round, and the wait before the first, which is four times as long before each further one. */
  resends_max: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
  resend_ms_first: Type.Optional(Type.Integer({ minimum: 100, maximum: 600_000 })),
  /** How long after a message was sent its receipt may come before it counts as `unknown`; three days without it. */
  receipt_timeout_ms: Type.Optional(Type.Integer({ minimum: 1_000, maximum: RECEIPT_DAYS_LIMIT * DAY_MS })),
  /** Submits a second, of all workers together; without it as many as the window lets. */
  per_second: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100_000 })),
  /** Shares of customers in the window while several wait; 1 for those not named. */
  customers: Type.Optional(
    Type.Record(Type.String({ pattern: '^.{1,64}$' }), Type.Integer({ minimum: 1, maximum: 100 }), {
      additionalProperties: false,
    }),
  ),
  senders: Type.Optional(SenderRulesSchema),
}

export type AmbiguityPolicy = Static<typeof AmbiguityPolicy>

/** An operator as its file has it: what every operator has, and under its connector's name the connector's settings. */
export type OperatorConfig = Static<TObject<typeof COMMON>> & { readonly connector: string }

/** The schema of an operator with that connector, whose settings have that schema. */
export function operatorSchema(connector: string, settings: TSchema): TSchema {
  const properties = { connector: Type.Literal(connector), ...COMMON, [connector]: settings }
  return Type.Object(properties, { additionalProperties: false })
}

/** The settings of an operator's connector, as they were checked. */
export function connectorSettings(config: OperatorConfig): unknown {
  return (config as { readonly [field: string]: unknown })[config.connector]
}

/** How often, and after which wait, a submit whose answer was lost is made again. */
export function resendRules({ resends_max, resend_ms_first }: Pick<OperatorConfig, 'resends_max' | 'resend_ms_first'>) {
  return { max: resends_max ?? 3, msFirst: resend_ms_first ?? 10_000 }
}

/** Also for an operator that is gone. */
export function receiptTimeoutMs(operator: Pick<OperatorConfig, 'receipt_timeout_ms'> | undefined): number {
  return operator?.receipt_timeout_ms ?? 3 * DAY_MS
}
