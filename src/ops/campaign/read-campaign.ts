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
  readonly send_at?: string
  readonly valid_for?: number
}

/** What holds for each message whose line does not say otherwise. */
export interface CampaignDefaults {
  readonly sendAt?: string
  /** In seconds. */
  readonly validFor?: string
}

export interface Campaign {
  readonly messages: readonly CampaignMessage[]
  /** Of the file's content and the defaults: the same file is the same campaign. */
  readonly fingerprint: string
}

const NUMBERS = new Set(['priority', 'valid_for'])
const COLUMNS = new Set(['to', 'text', 'from', 'client_ref', 'send_at', ...NUMBERS])

/** Reads a CSV file whose first line names its columns. Throws ExpectedError that names the line and what is wrong. */
export function readCampaign(path: string, { sendAt, validFor }: CampaignDefaults = {}): Campaign {
  const content = readFileSync(path)
  const hash = createHash('sha256').update(content)
  for (const given of [sendAt, validFor]) if (given !== undefined) hash.update(`\n${given}`)
  const fingerprint = hash.digest('hex').slice(0, 16)
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
  const defaults = {
    ...(sendAt === undefined ? {} : { send_at: sendAt }),
    ...(validFor === undefined ? {} : { valid_for: wholeNumber(validFor, '--valid-for') }),
  }
  const messages = rows.map((row, index) => ({ ...defaults, ...toMessage(row, `${path}:${index + 2}`) }))
  return { messages, fingerprint }
}

function toMessage(row: Record<string, string>, place: string): CampaignMessage {
  const given = Object.entries(row).filter(([, value]) => value !== '')
  const fields = given.map(([name, value]) => {
    if (!NUMBERS.has(name)) return [name, value]
    return [name, wholeNumber(value, `${place}: ${name}`)]
  })
  return { to: '', text: '', ...Object.fromEntries(fields) }
}

function wholeNumber(value: string, what: string): number {
  if (!/^[0-9]+$/.test(value)) throw new ExpectedError(`${what} must be a whole number, not "${value}"`)
  return Number(value)
}
