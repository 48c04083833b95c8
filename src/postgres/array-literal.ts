/*
  Array parameters in PostgreSQL's text form (documentation, "Array Input and Output Syntax"). The driver's own
  conversion quotes and escapes every element with two regular expressions; on the hot path that costs more than all
  else in Node, so numbers are joined bare, and texts escaped only where they need it.
*/

export function numberArray(values: readonly (number | null)[]): string {
  let literal = '{'
  for (let index = 0; index < values.length; index++) {
    if (index > 0) literal += ','
    literal += values[index] === null ? 'NULL' : values[index]
  }
  return `${literal}}`
}

export function booleanArray(values: readonly boolean[]): string {
  return `{${values.map((value) => (value ? 't' : 'f')).join()}}`
}

export function textArray(values: readonly (string | null)[]): string {
  let literal = '{'
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    if (index > 0) literal += ','
    if (value === null) literal += 'NULL'
    else literal += `"${NEEDS_ESCAPE.test(value) ? value.replace(ESCAPED, '\\$&') : value}"`
  }
  return `${literal}}`
}

const NEEDS_ESCAPE = /["\\]/
const ESCAPED = /["\\]/g
