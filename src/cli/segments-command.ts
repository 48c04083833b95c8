import { type Command, Option } from 'commander'
import { type MessageText, readText } from '../accept/message-text.ts'
import { Problem } from '../domain/errors.ts'
import { ENCODINGS, LANGUAGES, type Language } from '../domain/text/encodings.ts'
import { splitText } from '../domain/text/split-text.ts'
import { ExpectedError } from '../runtime/expected-error.ts'
import { printJson, printTable } from './terminal/print-table.ts'

interface SegmentsOptions {
  readonly encoding: 'auto' | (typeof ENCODINGS)[number]
  readonly languages?: Language[]
  readonly smart?: true
  readonly json?: true
}

const EXAMPLES = `
docs/text.md says what is counted how.

Examples:
  $ smsgw segments 'Your code is 123456'
  $ smsgw segments --smart '“Hello” – it costs 5 €…'
  $ smsgw segments --encoding gsm7-tr 'Şifreniz 123456' --json
  $ smsgw segments --languages hi,ta 'आपका कोड 123456 है'`

/** `smsgw segments TEXT` */
export function segmentsCommand(program: Command): void {
  program
    .command('segments')
    .description('show how a text is encoded and split, and how many segments it is charged as')
    .argument('<text>', 'the text')
    .addOption(new Option('--encoding <name>', 'encoding of the text').choices(['auto', ...ENCODINGS]).default('auto'))
    .option('--languages <list>', 'national tables that may be used where they save a segment', languages)
    .option('--smart', 'replace typographic characters by look-alikes')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action((text: string, options: SegmentsOptions) => {
      const read = readOrExplain(text, options)
      const parts = partsOf(read)
      if (options.json) printJson(answer(read, parts))
      else print(read, parts)
    })
}

function languages(list: string): Language[] {
  const names = list.split(',')
  const unknown = names.filter((name) => !(LANGUAGES as string[]).includes(name))
  if (unknown.length > 0) throw new ExpectedError(`"${unknown[0]}" is not one of ${LANGUAGES.join(', ')}`)
  return names as Language[]
}

function readOrExplain(text: string, options: SegmentsOptions): MessageText {
  try {
    return readText({ text, ...options }, Number.MAX_SAFE_INTEGER, '')
  } catch (error) {
    throw error instanceof Problem ? new ExpectedError(error.message) : error
  }
}

function partsOf({ text, segmentation: { encoding } }: MessageText): { text: string; units: number }[] {
  const { charset, parts } = splitText(text, encoding, { reference: 8 })!
  return parts.map((part) => ({ text: part.text, units: part.octets.length / (charset === 'ucs2' ? 2 : 1) }))
}

function answer({ text, textChanged, segmentation }: MessageText, parts: unknown): Record<string, unknown> {
  const { encoding, segments, units, unitsLeft } = segmentation
  return { text, text_changed: textChanged, encoding, segments, units, units_left: unitsLeft, parts }
}

function print({ segmentation }: MessageText, parts: readonly { text: string; units: number }[]): void {
  const { encoding, segments, units, unitsLeft } = segmentation
  console.log(
    `${encoding}, ${segments} ${segments === 1 ? 'segment' : 'segments'}, ${units} units, room for ${unitsLeft}\n`,
  )
  printTable(
    ['PART', 'UNITS', 'TEXT'],
    parts.map((part, index) => [index + 1, part.units, JSON.stringify(part.text)]),
  )
}
