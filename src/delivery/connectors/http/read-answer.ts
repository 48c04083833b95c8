import type { HttpAnswerForm, HttpErrorForm } from '../../../operators/http-settings.ts'
import type { RefusalClass } from '../../../operators/refusal-class.ts'
import type { SubmitResult } from '../connector.ts'
import { textAt } from './json-pointer.ts'

/** An answer as it came: null for a body that is no JSON. */
export interface HttpAnswer {
  readonly status: number
  readonly json: unknown
}

/**
 * What an answer means. Taken is only what says so and names the message. A refusal is what its code says, then what its
 * HTTP status says. An answer of success that cannot be read, and one of a server that failed somewhere, leave it open.
 */
export function readAnswer({ status, json }: HttpAnswer, answer: HttpAnswerForm, errors: HttpErrorForm): SubmitResult {
  const isSuccess = status >= 200 && status < 300
  const code = answer.code === undefined ? null : textAt(json, answer.code)
  const isTaken = isSuccess && (answer.taken === undefined || (code !== null && answer.taken.includes(code)))
  if (isTaken) {
    const id = textAt(json, answer.id)
    if (id === null || id === '') return { kind: 'ambiguous', code: 'answer-unreadable' }
    return { kind: 'sent', operatorMessageId: id }
  }
  const byCode = code !== null && errors.codes && Object.hasOwn(errors.codes, code) ? errors.codes[code] : undefined
  if (byCode) return { kind: byCode, code: code! }
  if (code !== null && !answer.taken!.includes(code) && errors.otherwise) return { kind: errors.otherwise, code }
  const kind = errors.statuses?.[String(status)] ?? errors.statuses?.[`${Math.floor(status / 100)}xx`]
  return { kind: kind ?? usual(status), code: code ?? `http-${status}` }
}

/** RFC 9110. What we are refused for ourselves, a key or an address, is no fault of the message. */
function usual(status: number): RefusalClass {
  if (status === 429) return 'throttled'
  if (status === 401 || status === 402 || status === 403 || status === 404 || status === 503) return 'temporary'
  if (status >= 400 && status < 500 && status !== 408) return 'rejected'
  return 'ambiguous'
}
