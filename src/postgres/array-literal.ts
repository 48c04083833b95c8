/*
  Array parameters in PostgreSQL's text form (documentation, "Array Input and Output Syntax"). The driver's own
  conversion quotes and escapes every element with two regular expressions; on the hot path that costs more than all
  else in Node, so numbers are joined bare, and texts escaped only where they need it. Each takes rows and what to pick
  of a row, or the values themselves.
*/

const itself = <Value>(value: Value): Value => value

export function numberArray(values: readonly (number | null)[]): string
export function numberArray<Row>(rows: readonly Row[], pick: (row: Row) => number | null): string
export function numberArray<Row>(rows: readonly Row[], pick = itself as (row: Row) => number | null): string {
  let literal = '{'
  for (let index = 0; index < rows.length; index++) {
    const value = pick(rows[index]!)
    if (index > 0) literal += ','
    literal += value === null ? 'NULL' : value
  }
  return `${literal}}`
}

export function booleanArray<Row>(rows: readonly Row[], pick: (row: Row) => boolean): string {
  let literal = '{'
  for (let index = 0; index < rows.length; index++)
    literal += `${index > 0 ? ',' : ''}${pick(rows[index]!) ? 't' : 'f'}`
  return `${literal}}`
}

export function textArray(values: readonly (string | null)[]): string
export function textArray<Row>(rows: readonly Row[], pick: (row: Row) => string | null): string
export function textArray<Row>(rows: readonly Row[], pick = itself as (row: Row) => string | null): string {
  let literal = '{'
  for (let index = 0; index < rows.length; index++) {
    const value = pick(rows[index]!)
    if (index > 0) literal += ','
    if (value === null) literal += 'NULL'
    else literal += `"${NEEDS_ESCAPE.test(value) ? value.replace(ESCAPED, '\\$&') : value}"`
  }
  return `${literal}}`
}

const NEEDS_ESCAPE = /["\\]/
const ESCAPED = /["\\]/g
