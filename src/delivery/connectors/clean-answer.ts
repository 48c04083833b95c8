import { cleanId, cleanText } from '../../domain/text/clean-text.ts'
import type { SubmitResult, UnidentifiedCode } from './connector.ts'
import type { RefusalClass } from './refusal-class.ts'

/** Longer ids of operators are cut, and end in a digest of the whole (`cleanId`). */
export const OPERATOR_ID_CHARS_MAX = 255
const CODE_CHARS_MAX = 100
const SAMPLE_CHARS_MAX = 500
const TEXT_CHARS_MAX = 200

/*
  Where operators' answers to submits enter the gateway. Every connector makes its results here, so that nothing which
  PostgreSQL, JSON or a terminal refuses gets any further.
*/

/** The operator took the part. `id` is its name for it as the answer has it; null or without a clean character: none. */
export function takenAs(id: string | null, code: UnidentifiedCode, answer: string): SubmitResult {
  const operatorMessageId = id === null ? null : cleanId(id, OPERATOR_ID_CHARS_MAX)
  return operatorMessageId === null ? unidentified(code, answer) : { kind: 'sent', operatorMessageId }
}

/** The operator took the part, and `answer` does not name it. */
export function unidentified(code: UnidentifiedCode, answer: string): SubmitResult {
  return { kind: 'unidentified', code, sample: cleanText(answer, SAMPLE_CHARS_MAX) }
}

/**
 * The operator did not take the part, or that is unknown. `code` is the operator's word for it, or ours; `text` is what
 * the operator wrote beside it.
 */
export function refusedAs(kind: RefusalClass | 'unsent', code: string, text: string | null = null): SubmitResult {
  const words = cleanText(text ?? '', TEXT_CHARS_MAX)
  const refusal = { kind, code: cleanText(code, CODE_CHARS_MAX) || 'unnamed' }
  return words === '' ? refusal : { ...refusal, text: words }
}
