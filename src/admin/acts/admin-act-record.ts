import { cleanText } from '../../domain/text/clean-text.ts'
import { AdminAct, type AdminActKind, adminActType } from '../../events/admin-act.ts'
import { ACTOR_HEADER } from '../../events/dead-letter-action.ts'
import { envelope } from '../../events/envelope.ts'
import { eventCodec } from '../../events/event-codec.ts'
import type { CarriedRecord } from '../../events/outbox-payload.ts'
import { TOPICS } from '../../events/topics.ts'
import { traceparentOf } from '../../events/traceparent.ts'
import { ExpectedError } from '../../runtime/expected-error.ts'

const codec = eventCodec(AdminAct)
const DETAIL_CHARS_MAX = 500
const DETAIL_LINES_MAX = 12

/** What an administrator does; a detail that is undefined is left out. */
export interface ActDetails {
  readonly act: AdminActKind
  readonly subject: string
  readonly details?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>
}

/**
 * The record of an act for `sms.audit`. Texts are cleaned and cut, of lists the first entries are kept. Throws
 * ExpectedError for an invalid name.
 */
export function adminActRecord(actId: number, by: string, act: ActDetails, nowMs: number): CarriedRecord {
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u.test(by)) {
    throw new ExpectedError(`--by "${cleanText(by, 64)}" is not a name: up to 64 letters, digits, spaces and . _ @ + -`)
  }
  const at = new Date(nowMs).toISOString()
  const type = adminActType(act.act)
  const event = { id: String(actId), type, time: at, traceparent: traceparentOf(actId, null) }
  const details = Object.entries(act.details ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, bounded(value)] as const],
  )
  const value = codec.encode({
    ...{ act_id: actId, act: act.act, by, at, subject: cleanText(act.subject, 255) },
    details: Object.fromEntries(details),
  })
  const headers = [...envelope(event, '/smsgw/operations'), [ACTOR_HEADER, by] as const]
  return { topic: TOPICS.acts, key: Buffer.from(cleanText(act.subject, 255)), value, headers }
}

function bounded(value: string | number | boolean | readonly string[]): string | number | boolean | string[] {
  if (typeof value === 'string') return cleanText(value, DETAIL_CHARS_MAX)
  if (typeof value !== 'object') return value
  const lines = value.slice(0, DETAIL_LINES_MAX).map((line) => cleanText(line, DETAIL_CHARS_MAX))
  return value.length > lines.length ? [...lines, `… ${value.length - lines.length} more`] : lines
}
