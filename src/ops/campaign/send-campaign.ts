import { Agent, request } from 'undici'
import { isFinal, type Status } from '../../domain/status.ts'
import { backoffMs, sleep } from '../../runtime/backoff.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import type { CampaignMessage } from './read-campaign.ts'

export interface CampaignOptions {
  readonly api: string
  readonly apiKey: string
  /** Begins the idempotency keys: sent again under the same name, what was accepted is not charged again. */
  readonly name: string
}

interface Refusal {
  /** Of the message, counted from 0. */
  readonly index: number
  readonly code: string
  readonly detail: string
}

export interface CampaignResult {
  readonly smsIds: readonly number[]
  readonly cost: number
  readonly refusals: readonly Refusal[]
}

interface BatchAnswer {
  readonly results: readonly (
    | { readonly sms_id: number; readonly cost: number }
    | { readonly code: string; readonly detail: string }
  )[]
}

const BATCH = 500
const PARALLEL_BATCHES = 4
const PARALLEL_READS = 32
const TRIES_MAX = 8
const POLL_MS = 500

/** Speaks to the public API as a customer would, to send many messages and to learn what became of them. */
export class CampaignSender {
  readonly #options: CampaignOptions
  readonly #agent = new Agent({ connections: PARALLEL_READS })

  constructor(options: CampaignOptions) {
    this.#options = options
  }

  /** Posts all messages in batches, in order within each. `posted` is told how many are through. */
  async send(messages: readonly CampaignMessage[], posted: (done: number) => void): Promise<CampaignResult> {
    const answers: BatchAnswer[] = []
    let done = 0
    await inParallel(Math.ceil(messages.length / BATCH), PARALLEL_BATCHES, async (batch) => {
      const part = messages.slice(batch * BATCH, (batch + 1) * BATCH)
      answers[batch] = await this.#post(part, `${this.#options.name}-${batch}`)
      done += part.length
      posted(done)
    })
    const results = answers.flatMap(({ results: each }) => each)
    const accepted = results.filter((result) => 'sms_id' in result)
    return {
      smsIds: accepted.map(({ sms_id }) => sms_id),
      cost: accepted.reduce((sum, { cost }) => sum + cost, 0),
      refusals: results.flatMap((result, index) =>
        'sms_id' in result ? [] : [{ index, code: result.code, detail: result.detail }],
      ),
    }
  }

  /** Waits until each message has its final status, or `msMax` is over. Returns the status of each at the end. */
  async awaitFinal(
    smsIds: readonly number[],
    msMax: number,
    polled: (statuses: ReadonlyMap<number, Status>) => void,
  ): Promise<Map<number, Status>> {
    const statuses = new Map<number, Status>(smsIds.map((smsId) => [smsId, 'accepted']))
    const deadlineMs = Date.now() + msMax
    while (true) {
      const open = smsIds.filter((smsId) => !isFinal(statuses.get(smsId)!))
      await inParallel(open.length, PARALLEL_READS, async (index) => {
        statuses.set(open[index]!, await this.#readStatus(open[index]!))
        polled(statuses)
      })
      if (open.length === 0 || Date.now() > deadlineMs) return statuses
      await sleep(POLL_MS)
    }
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  async #post(messages: readonly CampaignMessage[], idempotencyKey: string): Promise<BatchAnswer> {
    const body = JSON.stringify({ messages })
    const answer = await this.#call('POST', '/v1/messages/batch', { 'idempotency-key': idempotencyKey }, body)
    return answer as BatchAnswer
  }

  async #readStatus(smsId: number): Promise<Status> {
    return ((await this.#call('GET', `/v1/messages/${smsId}`)) as { status: Status }).status
  }

  /** Tries again what may succeed later: no answer, 409, 429 and 5xx. Throws ExpectedError. */
  async #call(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<unknown> {
    for (let failures = 1; ; failures++) {
      const { status, answer } = await this.#request(method, path, headers, body)
      if (status >= 200 && status < 300) return answer
      const isPassing = status === 0 || status === 409 || status === 429 || status >= 500
      if (!isPassing || failures >= TRIES_MAX) {
        const detail = (answer as { detail?: string })?.detail ?? ''
        throw new ExpectedError(`${method} ${path}: ${status === 0 ? 'no answer' : status}. ${detail}`)
      }
      await sleep(backoffMs(failures, 200, 5_000))
    }
  }

  /** Status 0 stands for no answer. */
  async #request(method: 'GET' | 'POST', path: string, headers: Record<string, string>, body?: string) {
    const { api, apiKey } = this.#options
    const all = {
      authorization: `Bearer ${apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    }
    try {
      const response = await request(`${api}${path}`, { method, headers: all, body, dispatcher: this.#agent })
      return { status: response.statusCode, answer: (await response.body.json()) as unknown }
    } catch (error) {
      return { status: 0, answer: { detail: (error as Error).message } }
    }
  }
}

async function inParallel(count: number, lanes: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane))
}
