import pino, { type DestinationStream, type Logger } from 'pino'

export type Log = Logger

const UNWRITTEN_BYTES_MAX = 1024 * 1024

/**
 * Fields that must not reach a log even if a line is written carelessly: what was said, to whom, and secrets. `message`
 * is one only at the top, as errors have a field of that name. `err.detail` is PostgreSQL's, which quotes whole rows
 * there (`Failing row contains …`).
 */
const REDACTED = ['text', 'phone', 'to', 'authorization', 'api_key', 'secret', 'password', 'value', 'payload']

/**
 * Structured logs, one JSON object a line, on standard output by default. Messages say what happened; the values go
 * into fields.
 */
export function createLog(name: string, level = 'info', destination?: DestinationStream): Log {
  const options = {
    name,
    level,
    messageKey: 'msg',
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: [...REDACTED.flatMap((field) => [field, `*.${field}`]), 'message', 'err.detail'],
      censor: '[redacted]',
    },
  }
  return pino(options, destination ?? standardOutput())
}

/**
 * Standard output that never ends the process: what cannot be written, as on a full disk, is kept up to a bound and
 * written when that is possible again; what comes beyond the bound is dropped.
 */
function standardOutput(): DestinationStream {
  const stream = pino.destination({ dest: process.stdout.fd, sync: true, maxLength: UNWRITTEN_BYTES_MAX })
  stream.on('error', () => {})
  return stream
}
