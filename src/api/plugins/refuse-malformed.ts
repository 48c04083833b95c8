import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { PROBLEMS, Problem } from '../../domain/errors.ts'
import { describeProblem } from '../../http/describe-problem.ts'

/** What Node finds wrong with a request that it cannot read, as problems of ours. */
const PROBLEM_OF: ReadonlyMap<string, Problem> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', new Problem('request-timeout', 'The request did not arrive in time.')],
  ['HPE_HEADER_OVERFLOW', new Problem('headers-too-large', 'The path and the headers together are too long.')],
])
const UNREADABLE = new Problem('invalid-request', 'The request is not HTTP/1.1.')

/** Answers what is no HTTP, or too slow to become it, and closes the connection. */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = PROBLEM_OF.get(error.code ?? '') ?? UNREADABLE
  const body = JSON.stringify(describeProblem(problem))
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'content-type: application/problem+json',
    ...(PROBLEMS[problem.code].retry === 'never' ? [] : [`retry-after: ${problem.retryAfterSeconds}`]),
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
