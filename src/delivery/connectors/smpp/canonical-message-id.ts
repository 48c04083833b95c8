import { cleanId } from '../../../domain/text/clean-text.ts'
import type { IdForm } from './smpp-settings.ts'

const NUMBERS: Readonly<Record<'hex' | 'decimal', RegExp>> = { hex: /^(?:0x)?[0-9a-f]+$/, decimal: /^[0-9]+$/ }
/** SMPP 3.4 has 65 octets for an id; a number of more digits is none. */
const NUMBER_CHARS_MAX = 66

/**
 * The one spelling of a message's id, of the answer to a submit or of a receipt; empty if nothing of it
 * is left. SMSCs write the same id in hexadecimal here and in decimal there, in capitals or not, padded with zeros,
 * blanks or NULs.
 * - `exact`: as it is, without blanks around it: for SMSCs whose capitals count.
 * - `text`: in lower case, without blanks and leading zeros.
 * - `hex`, `decimal`: the number, in decimal; an id that is none is taken as `text`.
 *
 * What PostgreSQL, JSON or a terminal refuses is left out of it (`cleanId`). Empty if nothing is left.
 */
export function canonicalMessageId(id: string, form: IdForm): string {
  return cleanId(form === 'exact' ? id : plainId(id, form)) ?? ''
}

function plainId(id: string, form: Exclude<IdForm, 'exact'>): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed, before a leading zero is looked for
  const plain = id.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, '').toLowerCase()
  const isNumber = form !== 'text' && plain.length <= NUMBER_CHARS_MAX && NUMBERS[form].test(plain)
  if (!isNumber) return plain.replace(/^0+(?=.)/, '')
  return BigInt(form === 'hex' ? `0x${plain.replace(/^0x/, '')}` : plain).toString()
}
