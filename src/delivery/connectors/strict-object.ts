import { type TSchema, Type } from 'typebox'

/** An object in which no other field may stand. */
export function strict<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Object(properties, { additionalProperties: false })
}
