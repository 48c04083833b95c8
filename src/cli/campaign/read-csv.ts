import { Readable } from 'node:stream'
import { type CsvError, type Options, parse } from 'csv-parse'
import { cleanText } from '../../domain/text/clean-text.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { decodeFile } from './decode-file.ts'

/** A row as the file has it. */
export interface CsvRow {
  /** Where the row begins, from 1, as an editor counts. */
  readonly line: number
  readonly fields: readonly string[]
}

const DELIMITERS = [',', ';', '\t']
const RECORD_BYTES_MAX = 1_048_576
const HEADER_CHARS_MAX = 65_536
const LINE_BREAK = /\r\n|\r|\n/g
const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quotation mark opens here and is never closed',
  INVALID_OPENING_QUOTE: 'a quotation mark is within a field: double it, and put the field into quotation marks',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: 'text follows a closing quotation mark',
  CSV_MAX_RECORD_SIZE: `a row is longer than ${RECORD_BYTES_MAX} bytes; perhaps a quotation mark is never closed`,
}

/**
 * The rows of a CSV file (RFC 4180), its header first, read as they are asked for. Fields are separated by commas,
 * semicolons or tabs: whichever gives the header most of the columns in `known`. Spaces around fields, blank lines and
 * rows without any value are skipped; lines may end with LF, CR or both. Throws ExpectedError that names the line.
 */
export async function* readCsv(
  path: string,
  known: ReadonlySet<string>,
  encoding?: string,
): AsyncGenerator<CsvRow, void> {
  const chunks = decodeFile(path, encoding)
  const head = await readHead(chunks)
  if (head.trim() === '') throw new ExpectedError(`${path} is empty.`)
  let line = 1
  const parser = parse({
    delimiter: delimiterOf(head, known),
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    raw: true,
    max_record_size: RECORD_BYTES_MAX,
    // The library counts a line break within quotation marks twice if it is CR and LF.
    on_record: ((parsed: { record: string[]; raw: string }): CsvRow | null => {
      const { record, raw } = parsed
      const begin = line + breaksIn(leadingBlank(raw))
      line += breaksIn(raw)
      return record.some((field) => field !== '') ? { line: begin, fields: record } : null
      // The library's types leave out that `raw` wraps the record.
    }) as unknown as NonNullable<Options['on_record']>,
  })
  const source = Readable.from(withHead(head, chunks))
  source.on('error', (error) => parser.destroy(error))
  try {
    for await (const row of source.pipe(parser)) yield row as CsvRow
  } catch (error) {
    throw describe(error as CsvError, path, line)
  } finally {
    source.destroy()
    parser.destroy()
  }
}

/** Enough of the text to have its first line. */
async function readHead(chunks: AsyncGenerator<string>): Promise<string> {
  let head = ''
  while (head.length < HEADER_CHARS_MAX && !/\S.*[\r\n]/.test(head)) {
    const { value, done } = await chunks.next()
    if (done) break
    head += value
  }
  return head
}

async function* withHead(head: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield head
  yield* rest
}

function delimiterOf(head: string, known: ReadonlySet<string>): string {
  const [header = ''] = head.trimStart().split(/[\r\n]/, 1)
  const found = DELIMITERS.map((delimiter) => {
    const names = header.split(delimiter).map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
    return { delimiter, count: names.filter((name) => known.has(name)).length }
  })
  return found.reduce((best, each) => (each.count > best.count ? each : best)).delimiter
}

function leadingBlank(raw: string): string {
  return raw.slice(0, raw.length - raw.trimStart().length)
}

function breaksIn(text: string): number {
  return text.match(LINE_BREAK)?.length ?? 0
}

function describe(error: CsvError & { raw?: string }, path: string, line: number): Error {
  if (!error.code?.startsWith('CSV_') && FAULTS[error.code ?? ''] === undefined) return error
  const raw = error.raw ?? ''
  const place = line + breaksIn(error.code === 'CSV_QUOTE_NOT_CLOSED' ? leadingBlank(raw) : raw)
  return new ExpectedError(`${path}:${place}: ${FAULTS[error.code] ?? cleanText(error.message, 200)}.`)
}
