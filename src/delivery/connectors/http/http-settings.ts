import { type Static, Type } from 'typebox'
import { ReceiptClass } from '../receipt-class.ts'
import { RefusalClass } from '../refusal-class.ts'
import { strict } from '../strict-object.ts'

/*
  What an operator of `connector: http` has besides what every operator has (docs/operators/http.md): how a message is
  put into a request, what answers mean, and how receipts come back. Places in JSON are JSON pointers (RFC 6901).
*/

/** A name in a template. */
export const PLACEHOLDER = /\{([a-z_]+(?:\.[a-z0-9_]+)?)\}/g
/** What templates of a submit may name, besides `secret.<name>`. */
export const TEMPLATE_NAMES = [
  'to',
  'to_plus',
  'from',
  'text',
  'sms_id',
  'ref',
  'encoding',
  'flash',
  'priority',
  'valid_until',
  'receipt_url',
] as const

const Name = Type.String({ pattern: '^[a-z][a-z0-9_]{0,31}$' })
const Pointer = Type.String({ pattern: '^(/[^/]*)*$', maxLength: 200 })
const Template = Type.String({ maxLength: 2_000 })
const Templates = Type.Record(Type.String({ pattern: '^.{1,100}$' }), Template, {
  additionalProperties: false,
  maxProperties: 50,
})

/** Where a secret is: never in this file itself. */
const SecretPlace = Type.Union([
  strict({ env: Type.String({ pattern: '^[A-Z_][A-Z0-9_]*$' }) }),
  strict({ file: Type.String({ minLength: 1 }) }),
])

const Request = strict({
  url: Type.String({ pattern: '^https?://', maxLength: 2_000 }),
  method: Type.Optional(Type.Enum(['POST', 'PUT', 'GET'])),
  headers: Type.Optional(Templates),
  query: Type.Optional(Templates),
  /** One of the two, or neither. */
  form: Type.Optional(Templates),
  json: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  basic: Type.Optional(strict({ user: Template, password: Template })),
})

const Answer = strict({
  /** Where the operator's id of the message is. */
  id: Pointer,
  /** Where the answer says how it went, and what it says when the message was taken. Without it the HTTP status decides. */
  code: Type.Optional(Pointer),
  taken: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  /** Where a refusal says in words why. */
  text: Type.Optional(Pointer),
  /** What an answer of success means that has neither id nor code; `taken` if nothing is said. */
  without_id: Type.Optional(Type.Union([Type.Literal('taken'), RefusalClass])),
})

const Errors = strict({
  codes: Type.Optional(Type.Record(Type.String(), RefusalClass)),
  /** By HTTP status, `503`, or by a hundred of them, `5xx`. */
  statuses: Type.Optional(
    Type.Record(Type.String({ pattern: '^[1-5]([0-9][0-9]|xx)$' }), RefusalClass, { additionalProperties: false }),
  ),
  /** A code that neither names. */
  otherwise: Type.Optional(RefusalClass),
})

const ReceiptForm = {
  /** Where the list is when one request carries several; each is read by what follows. */
  items: Type.Optional(Pointer),
  id: Pointer,
  status: Pointer,
  code: Type.Optional(Pointer),
  at: Type.Optional(Pointer),
  /** Where the message's recipient is: ids of operators are not always unique. */
  recipient: Type.Optional(Pointer),
  statuses: Type.Record(Type.String(), ReceiptClass),
  otherwise: Type.Optional(ReceiptClass),
}

const Push = strict({
  ...ReceiptForm,
  /** How the operator reaches us: `{receipt_url}` in a request is this and `/receipts/<operator>`. */
  public_url: Type.Optional(Type.String({ pattern: '^https?://' })),
  /** Which callers are admitted: at least one of these three, and all that are given must match. */
  signature: Type.Optional(
    strict({
      header: Type.String({ minLength: 1 }),
      algorithm: Type.Optional(Type.Enum(['sha1', 'sha256', 'sha512'])),
      encoding: Type.Optional(Type.Enum(['hex', 'base64'])),
      prefix: Type.Optional(Type.String({ maxLength: 20 })),
      secret: Name,
    }),
  ),
  token: Type.Optional(
    Type.Union([
      strict({ query: Type.String({ minLength: 1 }), secret: Name }),
      strict({ header: Type.String({ minLength: 1 }), secret: Name }),
    ]),
  ),
  addresses: Type.Optional(Type.Array(Type.String({ pattern: '^[0-9a-fA-F.:]+(/[0-9]{1,3})?$' }), { minItems: 1 })),
})

const Poll = strict({
  ...ReceiptForm,
  /** `{ids}` in it is replaced by the requested ids, separated by commas. */
  request: Request,
  every_ms: Type.Optional(Type.Integer({ minimum: 100, maximum: 3_600_000 })),
  ids_max: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  /** For how long after its submit a message is asked for. */
  hours: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 720 })),
})

/** A whole description: what a file of `aggregators/` has, and what the settings of an operator come to. */
export const HttpDescription = strict({
  request: Request,
  answer: Answer,
  errors: Type.Optional(Errors),
  receipts: Type.Optional(strict({ push: Type.Optional(Push), poll: Type.Optional(Poll) })),
})

/** Checked when it is put together with the description that it changes. */
const Part = Type.Record(Type.String(), Type.Unknown())

/** As the operators' file has it: a ready description and what differs from it, or a description of its own. */
export const HttpSettings = strict({
  use: Type.Optional(Type.Enum(['infobip', 'kavenegar', 'magfa'])),
  secrets: Type.Optional(Type.Record(Name, SecretPlace, { additionalProperties: false })),
  request: Type.Optional(Part),
  answer: Type.Optional(Part),
  errors: Type.Optional(Part),
  receipts: Type.Optional(Part),
})

export type HttpSettings = Static<typeof HttpSettings>
export type HttpDescription = Static<typeof HttpDescription>
export type HttpRequestForm = Static<typeof Request>
export type HttpAnswerForm = Static<typeof Answer>
export type HttpErrorForm = Static<typeof Errors>
export type HttpPushForm = Static<typeof Push>
export type HttpPollForm = Static<typeof Poll>
