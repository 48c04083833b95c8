import { numberArray } from '../../postgres/array-literal.ts'
import type { Pool } from '../../postgres/pool.ts'
import { ReadTogether } from '../../postgres/read-together.ts'
import type { Portability, PortedNetwork } from './portability.ts'

/** Ported numbers by the table that `smsgw portability import` fills. */
export class PortedTable implements Portability {
  readonly #isLookedUp: (phone: string) => boolean
  readonly #networks: ReadTogether<number, string>

  constructor(pool: Pool, isLookedUp: (phone: string) => boolean) {
    this.#isLookedUp = isLookedUp
    this.#networks = new ReadTogether((phones) => readPorted(pool, phones))
  }

  async networksOf(phones: readonly string[]): Promise<ReadonlyMap<string, PortedNetwork>> {
    const found = await Promise.all(phones.map(async (phone) => [phone, await this.#networkOf(phone)] as const))
    return new Map(found.filter((entry): entry is [string, PortedNetwork] => entry[1] !== null))
  }

  async stop(): Promise<void> {}

  async #networkOf(phone: string): Promise<PortedNetwork | null> {
    if (!this.#isLookedUp(phone)) return null
    try {
      const mccMnc = await this.#networks.get(Number(phone.slice(1)))
      return mccMnc === undefined ? null : { mccMnc, known: 'by the table of ported numbers' }
    } catch {
      // An unavailable database refuses the message itself a moment later, and says so.
      return { mccMnc: null, known: 'as the table of ported numbers could not be read' }
    }
  }
}

/** `OFFSET 0` keeps each number a look-up of its own, whatever the planner believes about the table's size. */
async function readPorted(pool: Pool, phones: readonly number[]): Promise<Map<number, string>> {
  const { rows } = await pool.query<{ phone: number; mcc_mnc: string }>({
    name: 'ported-numbers',
    text: `SELECT p.phone, p.mcc_mnc FROM unnest($1::bigint[]) AS asked (phone)
           CROSS JOIN LATERAL (SELECT * FROM ported_numbers WHERE ported_numbers.phone = asked.phone OFFSET 0) AS p`,
    values: [numberArray(phones)],
  })
  return new Map(rows.map(({ phone, mcc_mnc }) => [phone, mcc_mnc]))
}
