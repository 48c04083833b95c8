import type { AcceptRequest, GivenAnswer } from '../domain/accept.ts'
import type { Encoding } from '../domain/text/segments.ts'
import type { Connection } from '../postgres/pool.ts'
import { readAnswered, readAnswers } from './accept-statements.ts'
import { acceptedAnswer, acceptedIn } from './accepted-answer.ts'

interface AnswerRow {
  readonly customer_id: string
  readonly key: string
  readonly request_hash: Buffer
  /** Null in rows of before migration 0022, which have `response`. */
  readonly sms_ids: readonly (string | null)[] | null
  readonly response: object | null
}

interface AnsweredRow {
  readonly sms_id: number
  readonly phone: string
  readonly segments: number
  readonly encoding: Encoding
  readonly text_changed: boolean
  readonly cost: number
  readonly operator: string
  readonly client_ref: string | null
  readonly accepted_at: Date
  readonly send_at: Date | null
}

/** So much of a request's hash is stored, and compared; rows of before migration 0022 have twice as much. */
export const REQUEST_HASH_BYTES = 16

/** What was done under the keys of these requests, by `<customer> <key>`; answers are composed from their messages. */
export async function givenAnswers(
  connection: Connection,
  requests: readonly AcceptRequest[],
): Promise<Map<string, GivenAnswer>> {
  const claims = requests.flatMap(({ customerId, claim, rows }) =>
    [claim, ...rows.map((row) => row.claim)].flatMap((each) => (each ? { customerId, claim: each } : [])),
  )
  if (claims.length === 0) return new Map()
  const { rows } = await connection.query<AnswerRow>(readAnswers(claims))
  const messages = await answeredMessages(connection, rows)
  return new Map(
    rows.map(({ customer_id, key, request_hash, sms_ids, response }) => [
      `${customer_id} ${key}`,
      {
        requestHash: request_hash.subarray(0, REQUEST_HASH_BYTES),
        accepted: sms_ids ? sms_ids.map((smsId) => messages.get(Number(smsId)) ?? null) : acceptedIn(response!),
      },
    ]),
  )
}

async function answeredMessages(connection: Connection, answers: readonly AnswerRow[]): Promise<Map<number, object>> {
  const smsIds = answers.flatMap(({ sms_ids }) => (sms_ids ?? []).flatMap((id) => (id === null ? [] : Number(id))))
  if (smsIds.length === 0) return new Map()
  const { rows } = await connection.query<AnsweredRow>(readAnswered(smsIds))
  return new Map(
    rows.map((row) => [
      row.sms_id,
      acceptedAnswer({
        smsId: row.sms_id,
        sendAtMs: row.send_at?.getTime() ?? null,
        phone: row.phone,
        segments: row.segments,
        encoding: row.encoding,
        textChanged: row.text_changed,
        cost: row.cost,
        operator: row.operator,
        clientRef: row.client_ref,
        acceptedAtMs: row.accepted_at.getTime(),
      }),
    ]),
  )
}
