import { closeSync, openSync, writeSync } from 'node:fs'
import { type CampaignRow, NOTES } from './read-campaign.ts'

/** Spreadsheets read a file as UTF-8 only if it begins so. */
const BYTE_ORDER_MARK = '\ufeff'

/**
 * The refused rows of a campaign as a CSV file of the same columns, with the line, the code and the reason of each. Rows
 * are written as they come; corrected, the file can be sent as it is. Throws what the file system does.
 */
export class RefusedFile {
  readonly #file: number
  readonly #columns: readonly string[]

  /** Empties a file that is there. */
  constructor(path: string, columns: readonly string[]) {
    this.#columns = columns
    this.#file = openSync(path, 'w', 0o600)
    writeSync(this.#file, `${BYTE_ORDER_MARK}${[...columns, ...NOTES].join()}\n`)
  }

  add({ line, fields }: CampaignRow, code: string, detail: string): void {
    const cells = [...this.#columns.map((name) => fields[name] ?? ''), String(line), code, detail]
    writeSync(this.#file, `${cells.map(quote).join()}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

function quote(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
