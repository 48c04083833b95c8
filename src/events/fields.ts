import { type TSchema, Type } from 'typebox'
import { ENCODINGS } from '../domain/text/encodings.ts'

/** Field forms that several events share. */
export const SmsId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
export const Ulid = Type.String({ pattern: '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' })
export const Phone = Type.String({ pattern: '^\\+[1-9][0-9]{6,14}$' })
export const CustomerId = Type.String({ minLength: 1, maxLength: 64 })
/** UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
export const Timestamp = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' })
export const Priority = Type.Integer({ minimum: 0, maximum: 3 })
export const EncodingName = Type.Enum(ENCODINGS)

export function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()])
}
