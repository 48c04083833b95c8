import { Agent } from 'undici'
import { isFinal, type Status } from '../../domain/status.ts'
import { sleep } from '../../runtime/backoff.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'
import { type ApiAddress, type ApiAnswer, callApi, describeAnswer } from './call-api.ts'
import { bodyOf, cutBatches, type SendableRow } from './cut-batches.ts'
import type { CampaignRow } from './read-campaign.ts'

export interface CampaignSenderOptions extends ApiAddress {
  /** Begins the idempotency key of each row: under the same name a row is accepted once, however often it is sent. */
  readonly name: string
}

/** What became of a row. `wasBefore`: it was accepted by an earlier run. */
export type RowResult =
  | { readonly kind: 'accepted'; readonly smsId: number; readonly cost: number; readonly wasBefore: boolean }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }

export type Settle = (row: CampaignRow, result: RowResult) => void

type BatchResult =
  | { readonly sms_id: number; readonly cost: number; readonly replayed?: true }
  | { readonly code: string; readonly detail: string }

const BATCH_PATH = '/v1/messages/batch'
/** Half of what the API takes, so that its work is shared with others; and what its body may have, less some. */
const LIMITS = { rowsMax: 500, bytesMax: 1_000_000 }
const PARALLEL_BATCHES = 4
const PARALLEL_READS = 32
const POLL_MS = 500

/** A client of the public API, as a customer would be, that sends many messages and reads their statuses. */
export class CampaignSender {
  readonly #options: CampaignSenderOptions
  readonly #agent = new Agent({ connections: PARALLEL_READS })

  constructor(options: CampaignSenderOptions) {
    this.#options = options
  }

  /**
   * Posts rows in batches, in order within each, some batches at once; no more of the rows are read than are under way.
   * `settle` is called once for each row. Ends early, with what is under way, when `signal` is aborted. Throws
   * ExpectedError when the API does not take messages; rows that were not settled then can be sent again.
   */
  async send(
    rows: AsyncIterable<CampaignRow> | Iterable<CampaignRow>,
    settle: Settle,
    signal?: AbortSignal,
  ): Promise<void> {
    const batches = cutBatches(this.#sendable(rows, settle), LIMITS)
    let failed = false
    const lane = async (): Promise<void> => {
      while (!failed && !signal?.aborted) {
        const { value: batch, done } = await batches.next()
        if (done) return
        await this.#post(batch, settle)
      }
    }
    const lanes = Array.from({ length: PARALLEL_BATCHES }, () =>
      lane().catch((error) => {
        failed = true
        throw error
      }),
    )
    const ended = await Promise.allSettled(lanes)
    await batches.return()
    for (const each of ended) if (each.status === 'rejected') throw each.reason
  }

  /**
   * Waits until each message has its final status, or `msMax` has passed. `polled` is called after each answer with how
   * many have theirs. Returns the status of each at the end.
   */
  async awaitFinal(
    smsIds: readonly number[],
    msMax: number,
    polled: (finalMessages: number) => void,
  ): Promise<Map<number, Status>> {
    const statuses = new Map<number, Status>(smsIds.map((smsId) => [smsId, 'accepted']))
    const deadlineMs = Date.now() + msMax
    let finalMessages = 0
    while (true) {
      const open = smsIds.filter((smsId) => !isFinal(statuses.get(smsId)!))
      await inParallel(open.length, PARALLEL_READS, async (index) => {
        const status = await this.#readStatus(open[index]!)
        statuses.set(open[index]!, status)
        if (isFinal(status)) finalMessages++
        polled(finalMessages)
      })
      if (open.length === 0 || Date.now() > deadlineMs) return statuses
      await sleep(POLL_MS)
    }
  }

  async close(): Promise<void> {
    await this.#agent.close()
  }

  async *#sendable(
    rows: AsyncIterable<CampaignRow> | Iterable<CampaignRow>,
    settle: Settle,
  ): AsyncGenerator<SendableRow> {
    for await (const row of rows) {
      if (!row.message) {
        settle(row, { kind: 'refused', code: 'invalid-request', detail: row.fault ?? 'is not valid' })
        continue
      }
      yield { row, json: JSON.stringify({ ...row.message, idempotency_key: `${this.#options.name}-${row.index}` }) }
    }
  }

  async #post(batch: readonly SendableRow[], settle: Settle): Promise<void> {
    const call = { method: 'POST', path: BATCH_PATH, body: bodyOf(batch) } as const
    const answer = await callApi(this.#options, this.#agent, call)
    if (answer.status === 202) {
      const { results } = answer.body as { results: readonly BatchResult[] }
      if (results?.length !== batch.length) throw new ExpectedError(`POST ${BATCH_PATH}: results are missing.`)
      for (const [index, { row }] of batch.entries()) settle(row, toResult(results[index]!))
      return
    }
    const parts = apart(batch, answer)
    if (!parts) throw new ExpectedError(describeAnswer(call, answer))
    if (batch.length === 1) {
      const { code = 'payload-too-large', detail = '' } = (answer.body ?? {}) as { code?: string; detail?: string }
      return settle(batch[0]!.row, { kind: 'refused', code, detail })
    }
    for (const part of parts) if (part.length > 0) await this.#post(part, settle)
  }

  async #readStatus(smsId: number): Promise<Status> {
    const call = { method: 'GET', path: `/v1/messages/${smsId}` } as const
    const answer = await callApi(this.#options, this.#agent, call)
    if (answer.status !== 200) throw new ExpectedError(describeAnswer(call, answer))
    return (answer.body as { status: Status }).status
  }
}

function toResult(result: BatchResult): RowResult {
  if (!('sms_id' in result)) return { kind: 'refused', code: result.code, detail: result.detail }
  const { sms_id: smsId, cost, replayed = false } = result
  return { kind: 'accepted', smsId, cost, wasBefore: replayed }
}

/**
 * The parts of a batch that was refused as a whole for something in it: its halves if it is too large (a proxy may take
 * less than the API), or the row that the API points at, and those before and behind it. Null if it was refused for
 * something else.
 */
function apart(batch: readonly SendableRow[], { status, body }: ApiAnswer): readonly (readonly SendableRow[])[] | null {
  const half = Math.ceil(batch.length / 2)
  if (status === 413) return [batch.slice(0, half), batch.slice(half)]
  if (status !== 400) return null
  const pointer = (body as { errors?: readonly { pointer?: string }[] } | null)?.errors?.[0]?.pointer ?? ''
  const index = Number(/^\/messages\/([0-9]+)/.exec(pointer)?.[1] ?? Number.NaN)
  if (!(index < batch.length)) return null
  return [batch.slice(0, index), batch.slice(index, index + 1), batch.slice(index + 1)]
}

async function inParallel(count: number, lanes: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane))
}
