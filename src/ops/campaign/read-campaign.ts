import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { ExpectedError } from '../../runtime/expected-error.ts'

/** A message as POST /v1/messages takes it. */
export interface CampaignMessage {
  readonly to: string
  readonly text: string
  readonly from?: string
  readonly client_ref?: string
  readonly priority?: number
  readonly valid_for?: number
}

export interface Campaign {
  readonly messages: readonly CampaignMessage[]
  /** Of the file's content: the same file is the same campaign. */
  readonly fingerprint: string
}

const NUMBERS = new Set(['priority', 'valid_for'])
const COLUMNS = new Set(['to', 'text', 'from', 'client_ref', ...NUMBERS])

/** Reads a CSV file whose first line names its columns. Throws ExpectedError that names the line and what is wrong. */
export function readCampaign(path: string): Campaign {
  const content = readFileSync(path)
  const fingerprint = createHash('sha256').update(content).digest('hex').slice(0, 16)
  let rows: Record<string, string>[]
  try {
    rows = parse(content, { columns: true, skip_empty_lines: true, trim: true, bom: true })
  } catch (error) {
    throw new ExpectedError(`${path}: ${(error as Error).message}`)
  }
  const names = Object.keys(rows[0] ?? {})
  const unknown = names.find((name) => !COLUMNS.has(name))
  if (unknown !== undefined)
    throw new ExpectedError(`${path}:1: there is no column "${unknown}"; use ${[...COLUMNS].join(', ')}`)
  for (const needed of ['to', 'text']) {
    if (!names.includes(needed)) throw new ExpectedError(`${path}:1: the column "${needed}" is missing`)
  }
  return { messages: rows.map((row, index) => toMessage(row, `${path}:${index + 2}`)), fingerprint }
}

function toMessage(row: Record<string, string>, place: string): CampaignMessage {
  const given = Object.entries(row).filter(([, value]) => value !== '')
  const fields = given.map(([name, value]) => {
    if (!NUMBERS.has(name)) return [name, value]
    if (!/^[0-9]+$/.test(value)) throw new ExpectedError(`${place}: ${name} must be a whole number, not "${value}"`)
    return [name, Number(value)]
  })
  return { to: '', text: '', ...Object.fromEntries(fields) }
}
