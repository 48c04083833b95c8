import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { isFinal } from '../../domain/status.ts'
import type { CanaryMessage, CanaryTimes } from './canary-stages.ts'

export interface CanaryRoute {
  readonly api: string
  readonly apiKey: string
  readonly phone: string
  readonly timeoutMs: number
  /** How many statuses of a message ClickHouse has; null without ClickHouse. */
  readonly countStatuses: ((smsId: number) => Promise<number>) | null
}

const POLL_MS = 100

/** The API did not take the message, or did not answer. */
export class CanaryRefusedError extends Error {
  override readonly name = 'CanaryRefusedError'
}

/**
 * Posts a message as a customer would and follows it until it has come through or its time is up. `signal` breaks it
 * off, as an AbortError. Throws CanaryRefusedError when the API does not take it.
 */
export async function sendCanary(
  route: CanaryRoute,
  signal: AbortSignal,
): Promise<{ message: CanaryMessage; times: CanaryTimes }> {
  const postedMs = Date.now()
  const smsId = await post(route, signal)
  const answeredMs = Date.now()
  const deadlineMs = postedMs + route.timeoutMs
  const message = await poll(
    () => readMessage(route, smsId, signal),
    (found) => found !== null && isFinal(found.status),
    deadlineMs,
    signal,
  )
  const seen = message ?? { status: 'accepted' as const, timeline: [] }
  const finalMs = isFinal(seen.status) ? Date.now() : null
  const times = { postedMs, answeredMs, finalMs, inClickHouseMs: null }
  const { countStatuses } = route
  if (finalMs === null || !countStatuses) return { message: seen, times }
  // The state it was accepted in is not among ClickHouse's statuses.
  const expected = seen.timeline.filter(({ status }) => status !== 'accepted').length
  const counted = await poll(
    () => countStatuses(smsId).catch(() => 0),
    (count) => count >= expected,
    deadlineMs,
    signal,
  )
  return { message: seen, times: { ...times, inClickHouseMs: counted >= expected ? Date.now() : null } }
}

async function post({ api, apiKey, phone, timeoutMs }: CanaryRoute, signal: AbortSignal): Promise<number> {
  const body = JSON.stringify({ to: phone, text: `Canary ${new Date().toISOString()}` })
  const headers = { ...authorization(apiKey), 'content-type': 'application/json' }
  const answer = await request(`${api}/v1/messages`, {
    method: 'POST',
    headers,
    body,
    signal,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  }).catch((cause) => {
    throw new CanaryRefusedError(`the API at ${api} did not answer: ${(cause as Error).message}`, { cause })
  })
  const text = await answer.body.text()
  if (answer.statusCode !== 202) throw new CanaryRefusedError(`the API answered ${answer.statusCode}: ${text}`)
  return (JSON.parse(text) as { sms_id: number }).sms_id
}

/** Null when it cannot be read now. */
async function readMessage(route: CanaryRoute, smsId: number, signal: AbortSignal): Promise<CanaryMessage | null> {
  try {
    const answer = await request(`${route.api}/v1/messages/${smsId}`, {
      headers: authorization(route.apiKey),
      signal,
      headersTimeout: route.timeoutMs,
      bodyTimeout: route.timeoutMs,
    })
    if (answer.statusCode === 200) return (await answer.body.json()) as CanaryMessage
    await answer.body.dump()
    return null
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Error) return null
    throw error
  }
}

function authorization(apiKey: string): { authorization: string } {
  return { authorization: `Bearer ${apiKey}` }
}

/** Polls until the value satisfies or the deadline has passed; returns the last value. */
async function poll<T>(
  look: () => Promise<T>,
  satisfies: (seen: T) => boolean,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<T> {
  while (true) {
    const seen = await look()
    signal.throwIfAborted()
    if (satisfies(seen) || Date.now() > deadlineMs) return seen
    await sleep(POLL_MS, undefined, { signal })
  }
}
