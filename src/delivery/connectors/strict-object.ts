import { type TSchema, Type } from 'typebox'

/** An object without other fields. */
export function strict<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false })
}
