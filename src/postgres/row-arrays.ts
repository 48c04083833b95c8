import { booleanArray, numberArray, textArray } from './array-literal.ts'

type NumberType = 'bigint' | 'integer' | 'smallint' | 'double precision'
type TextType = 'text' | 'json' | 'jsonb' | 'timestamptz' | 'tid'

/** The type of a column, and its value of a row. */
export type Column<Row> =
  | readonly [type: NumberType, pick: (row: Row) => number | null]
  | readonly [type: 'boolean', pick: (row: Row) => boolean]
  | readonly [type: 'bytea', pick: (row: Row) => Buffer | null]
  | readonly [type: TextType, pick: (row: Row) => string | null]

/**
 * Rows as a statement takes them: an array for each column. From one list of columns follow the SQL that reads the
 * arrays, with the numbers of its parameters, and the arrays in the same order. Made once, beside its statement.
 */
export class RowArrays<Row> {
  /** The names of the columns, with commas. */
  readonly names: string
  /** How many parameters they take. */
  readonly count: number
  readonly #places: ReadonlyMap<string, { readonly offset: number; readonly type: string }>
  readonly #columns: readonly Column<Row>[]

  constructor(columns: Readonly<Record<string, Column<Row>>>) {
    const entries = Object.entries(columns)
    this.#columns = entries.map(([, column]) => column)
    this.#places = new Map(entries.map(([name, [type]], offset) => [name, { offset, type }]))
    this.names = entries.map(([name]) => name).join(', ')
    this.count = entries.length
  }

  /**
   * The rows as an item of FROM, under the name of `alias`. `first` is the number of the first parameter of all; `only`
   * names the columns that are read, all of them by default. Throws for a name that is no column.
   */
  from(alias: string, first = 1, only: readonly string[] = [...this.#places.keys()]): string {
    return `unnest(${this.#parameters(first, only)}) AS ${alias} (${only.join(', ')})`
  }

  /** The same with the column `place`: the number of the row, from 1. */
  fromInOrder(alias: string, first = 1, only: readonly string[] = [...this.#places.keys()]): string {
    return `unnest(${this.#parameters(first, only)}) WITH ORDINALITY AS ${alias} (${only.join(', ')}, place)`
  }

  /** The parameters, in their order. */
  values(rows: readonly Row[]): string[] {
    return this.#columns.map((column) => arrayOf(column, rows))
  }

  #parameters(first: number, only: readonly string[]): string {
    return only
      .map((name) => {
        const place = this.#places.get(name)
        if (!place) throw new Error(`"${name}" is none of the columns ${this.names}`)
        return `$${first + place.offset}::${place.type}[]`
      })
      .join(', ')
  }
}

function arrayOf<Row>([type, pick]: Column<Row>, rows: readonly Row[]): string {
  switch (type) {
    case 'boolean':
      return booleanArray(rows, pick)
    case 'bytea':
      return textArray(rows, (row) => byteaLiteral(pick(row)))
    case 'bigint':
    case 'integer':
    case 'smallint':
    case 'double precision':
      return numberArray(rows, pick)
    default:
      return textArray(rows, pick)
  }
}

function byteaLiteral(bytes: Buffer | null): string | null {
  return bytes && `\\x${bytes.toString('hex')}`
}
