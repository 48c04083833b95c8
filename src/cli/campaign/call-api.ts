import { type Agent, request } from 'undici'
import { cleanText } from '../../domain/text/clean-text.ts'
import { backoffMs, sleep } from '../../runtime/backoff.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'

export interface ApiAddress {
  readonly api: string
  readonly apiKey: string
}

export interface ApiCall {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
}

export interface ApiAnswer {
  readonly status: number
  readonly body: unknown
}

/** Waits grow from the first to the longest, and are never shorter than `Retry-After`, up to its limit. */
const FIRST_WAIT_MS = 200
const WAIT_MS_MAX = 10_000
const RETRY_AFTER_MS_MAX = 120_000
/** A call is given up when it has had no success for so long. */
const GIVE_UP_MS = 600_000
const ANSWER_MS_MAX = 60_000
const DETAIL_CHARS = 300

/**
 * Calls the public API as a customer would. Tries again what may succeed later: no answer, 409 of a key in flight, 429
 * and 5xx. Returns every other answer. Throws ExpectedError when it gives up.
 */
export async function callApi(address: ApiAddress, agent: Agent, call: ApiCall): Promise<ApiAnswer> {
  const beganMs = Date.now()
  for (let failures = 1; ; failures++) {
    const { answer, retryAfterMs } = await callOnce(address, agent, call)
    if (!isPassing(answer)) return answer
    const waitMs = Math.max(backoffMs(failures, FIRST_WAIT_MS, WAIT_MS_MAX), retryAfterMs)
    if (Date.now() + waitMs > beganMs + GIVE_UP_MS) throw new ExpectedError(describeAnswer(call, answer))
    await sleep(waitMs)
  }
}

/** An answer that ends the command, in one line. */
export function describeAnswer({ method, path }: ApiCall, { status, body }: ApiAnswer): string {
  const { detail } = (body ?? {}) as { detail?: unknown }
  const said = typeof detail === 'string' ? ` ${cleanText(detail, DETAIL_CHARS)}` : ''
  return `${method} ${path}: ${status === 0 ? 'no answer.' : `${status}.`}${said}`
}

function isPassing({ status, body }: ApiAnswer): boolean {
  if (status === 409) return (body as { code?: unknown } | null)?.code === 'idempotency-in-flight'
  return status === 0 || status === 429 || status >= 500
}

/** Status 0 means no answer, or one that is not JSON where it should be. */
async function callOnce(
  { api, apiKey }: ApiAddress,
  dispatcher: Agent,
  { method, path, body }: ApiCall,
): Promise<{ answer: ApiAnswer; retryAfterMs: number }> {
  const headers = {
    authorization: `Bearer ${apiKey}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const timeouts = { headersTimeout: ANSWER_MS_MAX, bodyTimeout: ANSWER_MS_MAX }
  try {
    const response = await request(`${api}${path}`, { method, headers, body: body ?? null, dispatcher, ...timeouts })
    const retryAfterMs = readRetryAfter(response.headers['retry-after'])
    const text = await response.body.text()
    return { answer: { status: response.statusCode, body: readBody(text, response.statusCode) }, retryAfterMs }
  } catch (error) {
    return { answer: { status: 0, body: { detail: (error as Error).message } }, retryAfterMs: 0 }
  }
}

/** A proxy's refusal may be a page; a success must be JSON. */
function readBody(text: string, status: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (status < 300) throw error
    return null
  }
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
function readRetryAfter(header: string | string[] | undefined): number {
  const value = String(header ?? '')
  const ms = /^[0-9]+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX)
}
