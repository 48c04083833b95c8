import { receiptTime } from '../../../domain/receipts.ts'
import { comparableDigits } from '../../../domain/same-number.ts'
import { cleanId, cleanText } from '../../../domain/text/clean-text.ts'
import { type OddReceipt, RECEIPT_WORDS_MAX, type Receipt } from '../connector.ts'
import type { HttpPollForm, HttpPushForm } from './http-settings.ts'
import { at, textAt } from './json-pointer.ts'

export type ReceiptForm = Pick<
  HttpPushForm | HttpPollForm,
  'items' | 'id' | 'status' | 'code' | 'at' | 'recipient' | 'statuses' | 'otherwise'
>

/** What a body says of messages, clean and bounded. */
export interface ReceiptsRead {
  readonly receipts: readonly Receipt[]
  /** Without an id, or of a status that the table does not have. */
  readonly odd: readonly OddReceipt[]
  /** Of a status that is not the last word. */
  readonly ignored: number
}

const CODE_CHARS_MAX = 32
const STATUS_CHARS_MAX = 64

/** Reads the receipts that a body has. Never throws. */
export function readReceipts(body: unknown, form: ReceiptForm, nowMs: number): ReceiptsRead {
  const receipts: Receipt[] = []
  const odd: OddReceipt[] = []
  let ignored = 0
  for (const item of itemsOf(body, form)) {
    const id = cleanId(textAt(item, form.id) ?? '')
    const status = cleanText(textAt(item, form.status) ?? '', STATUS_CHARS_MAX)
    const kind = statusOf(form, status)
    if (kind === 'ignored') ignored++
    else if (id === null || kind === null) odd.push({ operatorMessageId: id, words: wordsOf(item) })
    else receipts.push(receiptOf(item, form, id, kind, status, nowMs))
  }
  return { receipts, odd, ignored }
}

/** A body without the place where they should be says something else, and is one item that cannot be read. */
function itemsOf(body: unknown, form: ReceiptForm): readonly unknown[] {
  const found = form.items === undefined ? body : at(body, form.items)
  if (found === null) return []
  if (Array.isArray(found)) return found
  return [found ?? body]
}

/** As the table has it, or without case; null for a status that it does not have. */
function statusOf({ statuses, otherwise }: ReceiptForm, status: string): Receipt['status'] | 'ignored' | null {
  if (status === '') return null
  if (Object.hasOwn(statuses, status)) return statuses[status]!
  const lower = status.toLowerCase()
  return Object.entries(statuses).find(([name]) => name.toLowerCase() === lower)?.[1] ?? otherwise ?? null
}

function receiptOf(
  item: unknown,
  form: ReceiptForm,
  operatorMessageId: string,
  status: Receipt['status'],
  written: string,
  nowMs: number,
): Receipt {
  const code = cleanText((form.code && textAt(item, form.code)) || written, CODE_CHARS_MAX)
  const recipient = form.recipient === undefined ? null : textAt(item, form.recipient)
  return {
    operatorMessageId,
    otherIds: [],
    recipients: recipient === null ? [] : [comparableDigits(recipient)].filter((digits) => digits !== null),
    status,
    errorCode: status === 'delivered' ? null : code,
    at: receiptTime(form.at === undefined ? null : timeMs(at(item, form.at)), nowMs),
    words: wordsOf(item),
  }
}

const SECONDS_MAX = 10_000_000_000

/** ISO 8601, or seconds or milliseconds since the epoch; null for what is neither. */
function timeMs(value: unknown): number | null {
  const number = typeof value === 'number' || /^\d+$/.test(String(value)) ? Number(value) : Date.parse(String(value))
  const ms = number < SECONDS_MAX ? number * 1_000 : number
  return Number.isFinite(ms) ? ms : null
}

/** For people. A body may be large, and only its beginning is written. */
function wordsOf(item: unknown): string {
  return cleanText(JSON.stringify(item, shortened) ?? '', RECEIPT_WORDS_MAX)
}

function shortened(this: unknown, _key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, RECEIPT_WORDS_MAX)
  return Array.isArray(value) ? value.slice(0, 20) : value
}
