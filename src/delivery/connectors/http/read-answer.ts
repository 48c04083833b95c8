import { refusedAs, takenAs } from '../clean-answer.ts'
import type { SubmitResult, UnidentifiedCode } from '../connector.ts'
import type { RefusalClass } from '../refusal-class.ts'
import type { HttpAnswerForm, HttpErrorForm } from './http-settings.ts'
import { textAt } from './json-pointer.ts'

/** An answer as it came. */
export interface HttpAnswer {
  readonly status: number
  /** The body, or as much of it as was read. */
  readonly text: string
  /** Null for a body that is no JSON, or did not come whole. */
  readonly json: unknown
  readonly extent: 'whole' | 'incomplete' | 'too-long'
}

/**
 * What an answer means. Taken is what says so, by its code, or where there is none by its HTTP status. A refusal is what
 * its code says, then what its HTTP status says. An answer of success that neither names the message nor has a code means
 * that the operator took it, unless its description says otherwise (`answer.without_id`): sent again, one phone would get
 * it as often as that operator answers so.
 */
export function readAnswer(answer: HttpAnswer, form: HttpAnswerForm, errors: HttpErrorForm): SubmitResult {
  const { status, json, text } = answer
  const isSuccess = status >= 200 && status < 300
  const code = form.code === undefined ? null : textAt(json, form.code)
  if (isSuccess && (code === null || form.taken!.includes(code))) {
    const result = takenAs(textAt(json, form.id), whyUnidentified(answer), text)
    return result.kind === 'unidentified' && code === null ? withoutId(answer, form, errors, result) : result
  }
  const words = form.text === undefined ? null : textAt(json, form.text)
  const byCode = code !== null && errors.codes && Object.hasOwn(errors.codes, code) ? errors.codes[code] : undefined
  if (byCode) return refusedAs(byCode, code!, words)
  if (code !== null && !form.taken!.includes(code) && errors.otherwise) return refusedAs(errors.otherwise, code, words)
  return refusedAs(byStatus(status, errors) ?? usual(status), code ?? `http-${status}`, words)
}

/**
 * A success that says nothing of the message. Where a code decides, a body that did not come whole might have had one: its
 * answer was lost.
 */
function withoutId(
  answer: HttpAnswer,
  form: HttpAnswerForm,
  errors: HttpErrorForm,
  taken: SubmitResult & { kind: 'unidentified' },
): SubmitResult {
  const kind = form.without_id ?? byStatus(answer.status, errors)
  if (kind !== undefined && kind !== 'taken') return refusedAs(kind, taken.code)
  const isLost = answer.extent === 'incomplete' && form.code !== undefined && kind === undefined
  return isLost ? refusedAs('ambiguous', taken.code) : taken
}

function whyUnidentified({ extent, json }: HttpAnswer): UnidentifiedCode {
  if (extent === 'incomplete') return 'answer-incomplete'
  if (extent === 'too-long') return 'answer-too-long'
  return json === null ? 'answer-unreadable' : 'answer-without-id'
}

function byStatus(status: number, { statuses = {} }: HttpErrorForm): RefusalClass | undefined {
  return statuses[String(status)] ?? statuses[`${Math.floor(status / 100)}xx`]
}

/** RFC 9110. What we are refused for ourselves, a key or an address, is no fault of the message. */
function usual(status: number): RefusalClass {
  if (status === 429) return 'throttled'
  if (status === 401 || status === 402 || status === 403 || status === 404 || status === 503) return 'temporary'
  if (status >= 400 && status < 500 && status !== 408) return 'rejected'
  return 'ambiguous'
}
