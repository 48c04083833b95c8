import type { Field } from './field-kinds.ts'

type Fields = Readonly<Record<string, Field<unknown>>>

/** What a PDU is made of behind its header: mandatory fields in the order of the wire; TLVs follow in every PDU. */
export interface PduGrammar<F extends Fields = Fields> {
  readonly commandId: number
  readonly fields: F
  /** `fields` once more, as the codec walks over them. */
  readonly names: readonly string[]
  readonly kinds: readonly Field<unknown>[]
}

/** The values that a grammar's fields hold. */
export type FieldValues<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never
}

/** A set high bit of the command id makes a response of it. */
export const RESPONSE_BIT = 0x8000_0000

export function definePdu<const F extends Fields>(commandId: number, fields: F): PduGrammar<F> {
  return { commandId, fields, names: Object.keys(fields), kinds: Object.values(fields) }
}

export function defineResponse<const F extends Fields>(commandId: number, fields: F): PduGrammar<F> {
  return definePdu(commandId + RESPONSE_BIT, fields)
}
