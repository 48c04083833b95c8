/*
  The text of a receipt as the SMPP 3.4 specification suggests it (appendix B), which no SMSC is bound to:

    id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E text:…

  Met in the wild: other order and other case, fields left out, `submit_date` and `Submit Date`, blanks around the
  colon and inside ids, an equals sign for it, seconds in dates, years of four digits, states that are written out. The
  text is the beginning of what the customer wrote, and may look like fields itself: what follows it counts only for fields that had not come yet, and of those the last of each. Some leave out `stat:` and write the state alone.
*/

/** What a receipt's text says, each as it is written there. */
export interface ReceiptText {
  readonly id: string | null
  readonly stat: string | null
  readonly err: string | null
  readonly doneDate: string | null
}

/** As the specification has it, from the first field to the last: nearly all receipts are so. */
const USUAL = /^id:([\w-]+) sub:\d+ dlvrd:\d+ submit date:\d+ done date:(\d+) stat:([A-Za-z]+) err:(\w+) text:/i
const FIELD = /(?<![\w-])(id|sub|dlvrd|submit[ _-]?date|done[ _-]?date|stat(?:us)?|err(?:or)?|text)\s*[:=]/gi
const TEXT_CHARACTERS_MAX = 1_000
/** A state by itself, and not as the value of another field. */
const BARE_STATE =
  /(?<![\w:=-]|[:=]\s)(?=(?:DELIV|DLVRD|EXPI|DELETED|UNDE|FAILED|REJE|UNKNOWN|ACCE|ENROUTE|SCHE|BUFF|SKIPPED)[A-Z]*(?![\w-]))/i

/** Never throws; fields that are not there are null. */
export function parseReceiptText(text: string): ReceiptText {
  const usual = USUAL.exec(text)
  if (usual) return { id: usual[1]!, stat: usual[3]!, err: usual[4]!, doneDate: usual[2]! }
  const bounded = text.slice(0, TEXT_CHARACTERS_MAX)
  const fields = readFields(bounded)
  return fields.stat === null ? readFields(nameBareState(bounded)) : fields
}

/** Only in front of the customer's words, which may be anything. */
function nameBareState(text: string): string {
  const words = text.search(/(?<![\w-])text\s*[:=]/i)
  const head = words < 0 ? text : text.slice(0, words)
  return head.replace(BARE_STATE, ' stat:') + text.slice(head.length)
}

function readFields(source: string): ReceiptText {
  const marks = [...source.matchAll(FIELD)]
  const before = new Map<string, string>()
  const behind = new Map<string, string>()
  let inText = false
  for (const [place, mark] of marks.entries()) {
    const name = nameOf(mark[1]!)
    const value = source.slice(mark.index + mark[0].length, marks[place + 1]?.index).replace(/[\s,;|&\0]+$/, '')
    if (name === 'text') inText = true
    else if (inText) behind.set(name, value.trim())
    else if (!before.has(name)) before.set(name, value.trim())
  }
  const read = (name: string): string | null => before.get(name) || behind.get(name) || null
  return { id: read('id'), stat: read('stat'), err: read('err'), doneDate: read('done') }
}

function nameOf(mark: string): string {
  const name = mark.toLowerCase()
  for (const start of ['stat', 'err', 'done', 'submit']) if (name.startsWith(start)) return start
  return name
}

/**
 * A date of a receipt: YYMMDDhhmm or YYYYMMDDhhmm, with seconds or without, whatever is between the digits. Null
 * if it is no date.
 */
export function parseReceiptDate(text: string, utcOffsetMinutes: number): Date | null {
  const digits = text.replace(/\D/g, '')
  const fourDigitYear = digits.length === 14 || (digits.length === 12 && /^20\d\d(0[1-9]|1[0-2])/.test(digits))
  const padded = fourDigitYear ? digits : `20${digits}`
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/.exec(padded)
  if (!match) return null
  const [year, month, day, hour, minute, second = 0] = match.slice(1).map((part) => Number(part ?? 0))
  if (month! < 1 || month! > 12 || day! < 1 || day! > 31 || hour! > 23 || minute! > 59 || second > 60) return null
  return new Date(Date.UTC(year!, month! - 1, day, hour, minute, second) - utcOffsetMinutes * 60_000)
}
