import { type TSchema, Type } from 'typebox'
import { cleanClientRef, cleanMetadata, type Metadata } from '../domain/customer-notes.ts'
import { cleanId, cleanText } from '../domain/text/clean-text.ts'
import { ENCODINGS } from '../domain/text/encodings.ts'

/** Field forms that several events share. */
export const SmsId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
export const Ulid = Type.String({ pattern: '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' })
export const Phone = Type.String({ pattern: '^\\+[1-9][0-9]{6,14}$' })
export const CustomerId = Type.String({ minLength: 1, maxLength: 64 })
/**
 * UTC with milliseconds, as `Date.prototype.toISOString` writes it, from 1970 to 2199: a time that no clock of ours had
 * and not every reader can hold (`docs/decisions/0022-containment.md`) is not of the form.
 */
export const Timestamp = Type.String({
  pattern:
    '^(19[7-9]|20\\d|21\\d)\\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d\\.\\d{3}Z$',
})
export const Priority = Type.Integer({ minimum: 0, maximum: 3 })
export const EncodingName = Type.Enum(ENCODINGS)

export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}

/**
 * What a reader makes of a field as it came, undefined where it did not; `event` has all fields as they came, `at` is
 * the time of its record.
 */
export type Intake = (value: unknown, event: Readonly<Record<string, unknown>>, at: string) => unknown

/** Where a schema carries its intake; writers are not concerned by it. */
export const INTAKE = Symbol('intake')

/** The schema with what its readers do before they check it. */
export function intake<T extends TSchema>(schema: T, of: Intake): T {
  // What makes a schema optional is a property that a spread leaves out.
  const copy = Object.create(Object.getPrototypeOf(schema), Object.getOwnPropertyDescriptors(schema)) as T
  return Object.assign(copy, { [INTAKE]: of })
}

/** A field that older and foreign producers leave out, and what readers then take for it. */
export function absentAs<T extends TSchema>(
  schema: T,
  fill: (event: Readonly<Record<string, unknown>>, at: string) => unknown,
): T {
  return intake(schema, (value, event, at) => (value === undefined ? fill(event, at) : value))
}

const ID_CHARS_MAX = 255
const WORDS_CHARS_MAX = 1_000

/** Cleans an identifier from outside; what is no text is left to the check of the form. */
export function takeId(value: unknown): unknown {
  return typeof value === 'string' ? cleanId(value, ID_CHARS_MAX) : value
}

/** Cleans and cuts words from outside; what is no text is left to the check of the form. */
export function takeWords(value: unknown): unknown {
  return typeof value === 'string' ? cleanText(value, WORDS_CHARS_MAX) : value
}

/** An identifier that an operator gave; null where it is left out, or nothing of it is left. */
export const OutsideId = intake(nullable(Type.String()), (value = null) => takeId(value))

/** Words of an operator; null where they are left out. */
export const OutsideWords = intake(nullable(Type.String()), (value = null) => takeWords(value))

/** The customer's own name for a message. Left out where there is none. */
export const ClientRef = intake(Type.Optional(nullable(Type.String())), (value) =>
  value === undefined ? value : cleanClientRef(value),
)

/** The customer's metadata. Left out where there are none. */
export const CustomerMetadata = intake(
  Type.Optional(Type.Unsafe<Metadata>({ type: 'object', additionalProperties: { type: 'string' } })),
  (value) => (value === undefined ? value : cleanMetadata(value)),
)
