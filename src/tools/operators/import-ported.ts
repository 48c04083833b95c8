import { createReadStream } from 'node:fs'
import { parse } from 'csv-parse'
import { readPhone } from '../../domain/phone.ts'
import type { Connection, Pool } from '../../postgres/pool.ts'
import { RowArrays } from '../../postgres/row-arrays.ts'
import { inTransaction } from '../../postgres/transaction.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'

const ROWS_PER_STATEMENT = 10_000

interface PortedNumber {
  readonly phone: number
  readonly mccMnc: string
}

/**
 * Reads a CSV file with the columns `phone` and `mcc_mnc` into the table of ported numbers, all or nothing. With
 * `replace`, numbers that the file does not have are taken out. Returns how many it read. Throws ExpectedError that names the line.
 */
export function importPorted(pool: Pool | Connection, path: string, replace: boolean): Promise<number> {
  return inTransaction(pool, async (connection) => {
    // Millions of rows take longer than any other statement.
    await connection.query('SET LOCAL statement_timeout = 0')
    if (replace) await connection.query('DELETE FROM ported_numbers')
    let count = 0
    let batch = new Map<number, string>()
    for await (const { phone, mccMnc } of readPorted(path)) {
      batch.set(phone, mccMnc)
      count++
      if (batch.size < ROWS_PER_STATEMENT) continue
      await insertPorted(connection, batch)
      batch = new Map()
    }
    await insertPorted(connection, batch)
    return count
  })
}

async function* readPorted(path: string): AsyncGenerator<PortedNumber> {
  const rows = createReadStream(path).pipe(parse({ columns: true, trim: true, bom: true, info: true }))
  try {
    for await (const { record, info } of rows as AsyncIterable<{ record: Row; info: { lines: number } }>) {
      yield toPorted(record, `${path}:${info.lines}`)
    }
  } catch (error) {
    if (error instanceof ExpectedError) throw error
    throw new ExpectedError(`${path}: ${(error as Error).message}`)
  } finally {
    rows.destroy()
  }
}

type Row = Readonly<Record<string, string | undefined>>

function toPorted({ phone: text = '', mcc_mnc: network = '' }: Row, place: string): PortedNumber {
  const read = readPhone(/^[1-9]/.test(text) ? `+${text}` : text)
  if ('fault' in read) throw new ExpectedError(`${place}: the phone "${text}" ${read.fault}`)
  const { phone } = read
  const [, mcc, mnc] = /^([0-9]{3})-?([0-9]{2,3})$/.exec(network) ?? []
  if (mcc === undefined) throw new ExpectedError(`${place}: mcc_mnc must be as in 432-11, not "${network}"`)
  return { phone: Number(phone.slice(1)), mccMnc: `${mcc}-${mnc}` }
}

const PORTED = new RowArrays<readonly [phone: number, mccMnc: string]>({
  phone: ['bigint', ([phone]) => phone],
  mcc_mnc: ['text', ([, mccMnc]) => mccMnc],
})

async function insertPorted(connection: Connection, batch: ReadonlyMap<number, string>): Promise<void> {
  if (batch.size === 0) return
  await connection.query({
    name: 'ported-insert',
    text: `INSERT INTO ported_numbers (${PORTED.names}) SELECT * FROM ${PORTED.from('ported')}
           ON CONFLICT (phone) DO UPDATE SET mcc_mnc = excluded.mcc_mnc`,
    values: PORTED.values([...batch]),
  })
}
