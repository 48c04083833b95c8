import pino, { type DestinationStream, type Logger } from 'pino'

export type Log = Logger

/**
 * Fields that must not reach a log even if a line is written carelessly: what was said, to whom, and secrets. `message`
 * is one only at the top, as errors have a field of that name.
 */
const REDACTED = ['text', 'phone', 'to', 'authorization', 'api_key', 'secret', 'password', 'value', 'payload']

/**
 * Structured logs, one JSON object a line, on standard output unless told otherwise. Messages are sentences about
 * what happened; what they are about goes into fields.
 */
export function createLog(name: string, level = 'info', destination?: DestinationStream): Log {
  const options = {
    name,
    level,
    messageKey: 'msg',
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: [...REDACTED.flatMap((field) => [field, `*.${field}`]), 'message'], censor: '[redacted]' },
  }
  return destination ? pino(options, destination) : pino(options)
}
