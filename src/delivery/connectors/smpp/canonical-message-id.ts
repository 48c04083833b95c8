import { cleanId } from '../../../domain/text/clean-text.ts'
import type { IdForm } from '../../../operators/smpp-settings.ts'

const NUMBERS: Readonly<Record<'hex' | 'decimal', RegExp>> = { hex: /^(?:0x)?[0-9a-f]+$/, decimal: /^[0-9]+$/ }

/**
 * The one spelling of a message's id, whether it stood in the answer to a submit or in a receipt. SMSCs write the same
 * id in hexadecimal here and in decimal there, in capitals or not, padded with zeros or blanks.
 * - `exact`: as it is, without blanks around it: for SMSCs whose capitals count.
 * - `text`: in small letters, without blanks and leading zeros.
 * - `hex`, `decimal`: the number, in decimal; an id that is none is taken as `text`.
 *
 * What PostgreSQL, JSON or a terminal refuses is left out of it (`cleanId`). Empty if nothing is left.
 */
export function canonicalMessageId(given: string, form: IdForm): string {
  const id = cleanId(given) ?? ''
  if (form === 'exact') return id
  const plain = id.replace(/\s+/g, '').toLowerCase()
  if (form === 'text' || !NUMBERS[form].test(plain)) return plain.replace(/^0+(?=.)/, '')
  return BigInt(form === 'hex' ? `0x${plain.replace(/^0x/, '')}` : plain).toString()
}
