import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Compile } from 'typebox/compile'
import { MessageRequest } from '../../accept/draft-message.ts'
import { cleanText } from '../../domain/text/clean-text.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { type CsvRow, readCsv } from './read-csv.ts'

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

export interface CampaignOptions {
  /** What holds for each message whose row does not say otherwise; `validFor` in seconds. */
  readonly sendAt?: string
  readonly validFor?: string
  /** As `decodeFile` takes it. */
  readonly encoding?: string
}

/** A row of the file with its message, or why it is none. */
export interface CampaignRow {
  /** Of the row among those of the file, from 0: the same whenever the file is read. */
  readonly index: number
  readonly line: number
  /** By column, as the file has them. */
  readonly fields: Readonly<Record<string, string>>
  readonly message: CampaignMessage | null
  readonly fault: string | null
}

export interface Campaign {
  readonly rows: number
  /** In the order of the file, without the notes. */
  readonly columns: readonly string[]
  /** Of the file's content and the defaults: the same file is the same campaign. */
  readonly fingerprint: string
}

const NUMBERS = new Set(['priority', 'valid_for'])
const COLUMNS = new Set(['to', 'text', 'from', 'client_ref', 'send_at', ...NUMBERS])
/** What a file of refused rows says about each; it may be sent again as it is. */
export const NOTES = ['line', 'code', 'detail'] as const
const KNOWN = new Set([...COLUMNS, ...NOTES])
const SHOWN_CHARS = 40
const checker = Compile(MessageRequest)

/** Reads the file through, so that a fault of its form is found before anything is sent. Throws ExpectedError. */
export async function inspectCampaign(path: string, options: CampaignOptions = {}): Promise<Campaign> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  for (const given of [options.sendAt, options.validFor]) if (given !== undefined) hash.update(`\n${given}`)
  let rows = 0
  for await (const _row of readCampaign(path, options)) rows++
  if (rows === 0) throw new ExpectedError(`${path} has a header, and no rows.`)
  const columns = (await readHeader(path, options)).filter((name) => COLUMNS.has(name))
  return { rows, columns, fingerprint: hash.digest('hex').slice(0, 16) }
}

/**
 * Reads a CSV file whose first row names its columns, row by row: a file of any size needs the memory of some rows.
 * Throws ExpectedError that names the line for a file that is not of this form; a row with a fault of its own says so.
 */
export async function* readCampaign(path: string, options: CampaignOptions = {}): AsyncGenerator<CampaignRow, void> {
  const defaults = defaultsOf(options)
  let header: readonly string[] | null = null
  let index = 0
  for await (const row of readCsv(path, KNOWN, options.encoding)) {
    if (header) yield toCampaignRow(row, header, defaults, index++)
    else header = checkHeader(row, path)
  }
}

async function readHeader(path: string, { encoding }: CampaignOptions): Promise<readonly string[]> {
  for await (const { fields } of readCsv(path, KNOWN, encoding)) return fields
  return []
}

function checkHeader({ line, fields }: CsvRow, path: string): readonly string[] {
  const place = `${path}:${line}:`
  const named = `The first row names the columns: ${[...COLUMNS].join(', ')}.`
  const unknown = fields.find((name) => !KNOWN.has(name))
  if (unknown?.includes('\0')) throw new ExpectedError(`${place} this is no UTF-8. Try --encoding utf-16le.`)
  if (unknown !== undefined) {
    throw new ExpectedError(`${place} there is no column "${cleanText(unknown, SHOWN_CHARS)}". ${named}`)
  }
  const twice = fields.find((name, at) => fields.indexOf(name) !== at)
  if (twice !== undefined) throw new ExpectedError(`${place} the column "${twice}" is there twice.`)
  for (const needed of ['to', 'text']) {
    if (!fields.includes(needed)) throw new ExpectedError(`${place} the column "${needed}" is missing. ${named}`)
  }
  return fields
}

function toCampaignRow(
  { line, fields }: CsvRow,
  header: readonly string[],
  defaults: Partial<CampaignMessage>,
  index: number,
): CampaignRow {
  if (fields.length !== header.length) {
    const fault = `The row has ${fields.length} fields, and the header ${header.length}; put a text with a separator in it into quotation marks.`
    // Which field is which is not known, so none is offered to be sent again.
    return { index, line, fields: {}, message: null, fault }
  }
  const named = Object.fromEntries(header.map((name, at) => [name, fields[at]!]))
  const message: Record<string, string | number> = { to: '', text: '', ...defaults }
  for (const [name, value] of Object.entries(named)) {
    if (value === '' || !COLUMNS.has(name)) continue
    message[name] = NUMBERS.has(name) && /^[0-9]{1,9}$/.test(value) ? Number(value) : value
  }
  const fault = findFault(message)
  const read = fault === null ? (message as unknown as CampaignMessage) : null
  return { index, line, fields: named, message: read, fault }
}

/** By the schema that the API goes by, so that one such row does not have all of its batch refused. */
function findFault(message: unknown): string | null {
  if (checker.Check(message)) return null
  const [first] = checker.Errors(message)
  return `${first?.instancePath.slice(1) || 'The row'} ${first?.message ?? 'is not valid'}.`
}

function defaultsOf({ sendAt, validFor }: CampaignOptions): Partial<CampaignMessage> {
  if (validFor !== undefined && !/^[0-9]{1,9}$/.test(validFor)) {
    throw new ExpectedError(`--valid-for must be a whole number, not "${validFor}"`)
  }
  return {
    ...(sendAt === undefined ? {} : { send_at: sendAt }),
    ...(validFor === undefined ? {} : { valid_for: Number(validFor) }),
  }
}
