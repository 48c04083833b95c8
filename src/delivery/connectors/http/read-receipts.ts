import type { HttpPollForm, HttpPushForm } from '../../../operators/http-settings.ts'
import type { Receipt } from '../connector.ts'
import { at, textAt } from './json-pointer.ts'

type ReceiptForm = Pick<
  HttpPushForm | HttpPollForm,
  'items' | 'id' | 'status' | 'code' | 'at' | 'statuses' | 'otherwise'
>

/** Reads the receipts that a body has. One without an id, or of a status that the table leaves out, is ignored. */
export function readReceipts(body: unknown, form: ReceiptForm, nowMs: number): Receipt[] {
  const found = form.items === undefined ? body : at(body, form.items)
  const items = Array.isArray(found) ? found : found === undefined || found === null ? [] : [found]
  const receipts: Receipt[] = []
  for (const item of items) {
    const id = textAt(item, form.id)
    const status = textAt(item, form.status)
    const named = status !== null && Object.hasOwn(form.statuses, status)
    const kind = named ? form.statuses[status]! : (form.otherwise ?? 'ignored')
    if (id === null || id === '' || kind === 'ignored') continue
    receipts.push({
      operatorMessageId: id,
      status: kind,
      errorCode: kind === 'delivered' ? null : ((form.code && textAt(item, form.code)) ?? status),
      at: new Date(form.at ? timeMs(at(item, form.at), nowMs) : nowMs),
    })
  }
  return receipts
}

const SECONDS_MAX = 10_000_000_000

/** ISO 8601, or seconds or milliseconds since the epoch; what is neither, or lies ahead, is now. */
function timeMs(value: unknown, nowMs: number): number {
  const number = typeof value === 'number' || /^\d+$/.test(String(value)) ? Number(value) : Date.parse(String(value))
  const ms = number < SECONDS_MAX ? number * 1_000 : number
  return Number.isFinite(ms) && ms > 0 && ms <= nowMs ? ms : nowMs
}
