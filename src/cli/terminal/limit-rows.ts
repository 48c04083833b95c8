import { wholeNumber } from '../dlq/dlq-options.ts'

/** For commands that list what a gateway may have many of. */
export const LIMIT_OPTION = ['--limit <rows>', 'number of rows', '1000'] as const

export interface ListOptions {
  readonly limit: string
  readonly json?: true
}

/** At most as many rows as the option says; that there are more goes to standard error. Throws ExpectedError. */
export async function readLimited<Row>(limit: string, read: (rowsMax: number) => Promise<Row[]>): Promise<Row[]> {
  const rowsMax = wholeNumber(limit, '--limit')
  const rows = await read(rowsMax + 1)
  if (rows.length > rowsMax) console.error(`There are more than ${rowsMax}; --limit shows more of them.`)
  return rows.slice(0, rowsMax)
}
