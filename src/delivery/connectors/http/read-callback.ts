import { readJson } from '../../../runtime/read-json.ts'
import type { Callback } from '../../callbacks/callback-door.ts'
import { decodeBytes, decodeForm } from '../../callbacks/decode-form.ts'

const BYTE_ORDER_MARK = '\ufeff'

/**
 * What a callback says, wherever it says it: its query and its body, of which the body goes before. A body that is a list
 * stays one. Text is UTF-8, or Latin-1 where it is not that, so that a word in another charset costs no receipt. What is
 * neither JSON nor a form is left out.
 */
export function parseCallbackBody({ headers, query, body }: Callback): unknown {
  if (body.length === 0) return query
  if (/^application\/x-www-form-urlencoded/i.test(String(headers['content-type'] ?? ''))) {
    return { ...query, ...decodeForm(body.toString('latin1')) }
  }
  const text = decodeBytes(body)
  try {
    const json = readJson(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text)
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...query, ...json } : json
  } catch {
    return query
  }
}
