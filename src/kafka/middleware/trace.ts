import { randomBytes } from 'node:crypto'
import type { Outcome } from '../consumer/outcome.ts'
import type { ConsumedRecord } from '../wire/record-batch-decode.ts'
import type { Middleware } from './middleware.ts'

/** One visit of a record to a handler, as tracing systems call it. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  /** The span that produced the record; null when the trace begins here. */
  readonly parentId: string | null
  readonly isSampled: boolean
  readonly record: ConsumedRecord
  readonly beganMs: number
  readonly durationMs: number
  /** The kind of the outcome, or `error` when the handler threw. */
  readonly result: Outcome['kind'] | 'error'
}

/** W3C Trace Context, version 00; a later version is read as far as this one goes. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/
const SAMPLED = 1

/**
 * Continues the trace that a record's `traceparent` header names, or begins one. While the handler runs,
 * `record.traceparent` names the handler's own span: put it on whatever the handler sends. Each span that is sampled is
 * told when it ends.
 */
export function trace(ended: (span: Span) => void): Middleware {
  return (next) => (record) => {
    const parent = parseTraceparent(record.header('traceparent'))
    const traceId = parent?.traceId ?? randomBytes(16).toString('hex')
    const flags = parent?.flags ?? SAMPLED
    const isSampled = (flags & SAMPLED) !== 0
    const spanId = randomBytes(8).toString('hex')
    record.traceparent = `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`
    const beganMs = Date.now()
    const startedMs = performance.now()
    const end = (result: Span['result']): void => {
      if (!isSampled) return
      const durationMs = performance.now() - startedMs
      ended({ traceId, spanId, parentId: parent?.spanId ?? null, isSampled, record, beganMs, durationMs, result })
    }
    return observed(() => next(record), end)
  }
}

/** Calls a handler and tells how it ended, whether it answers at once or later. */
function observed(
  call: () => Outcome | Promise<Outcome>,
  end: (result: Span['result']) => void,
): Outcome | Promise<Outcome> {
  const failed = (error: unknown): never => {
    end('error')
    throw error
  }
  const answered = (outcome: Outcome): Outcome => {
    end(outcome.kind)
    return outcome
  }
  let answer: Outcome | Promise<Outcome>
  try {
    answer = call()
  } catch (error) {
    return failed(error)
  }
  return answer instanceof Promise ? answer.then(answered, failed) : answered(answer)
}

function parseTraceparent(header: string | undefined): { traceId: string; spanId: string; flags: number } | null {
  const [, version, traceId, spanId, flags] = TRACEPARENT.exec(header ?? '') ?? []
  if (version === undefined || version === 'ff' || /^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return null
  return { traceId: traceId!, spanId: spanId!, flags: Number.parseInt(flags!, 16) }
}
