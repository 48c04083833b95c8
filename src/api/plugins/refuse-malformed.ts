import type { Socket } from 'node:net'
import { PROBLEMS, type ProblemCode } from '../../domain/errors.ts'

/** What Node finds wrong with a request that it cannot read, as statuses of HTTP and problems of ours. */
const ANSWERS: ReadonlyMap<string, { readonly code: ProblemCode; readonly status: string; readonly detail: string }> =
  new Map([
    [
      'ERR_HTTP_REQUEST_TIMEOUT',
      { code: 'invalid-request', status: '408 Request Timeout', detail: 'The request did not arrive in time.' },
    ],
    [
      'HPE_HEADER_OVERFLOW',
      { code: 'payload-too-large', status: '431 Request Header Fields Too Large', detail: 'The headers are too long.' },
    ],
  ])
const UNREADABLE = {
  code: 'invalid-request',
  status: '400 Bad Request',
  detail: 'This is not HTTP/1.1 as it ought to be.',
} as const

/** Answers what is no HTTP, or too slow to become it, and closes the connection. */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const { code, status, detail } = ANSWERS.get(error.code ?? '') ?? UNREADABLE
  const { title, retry } = PROBLEMS[code]
  const body = JSON.stringify({
    type: `/errors/${code}`,
    title,
    status: Number.parseInt(status, 10),
    detail,
    code,
    retry,
  })
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/problem+json',
    'x-content-type-options: nosniff',
    'cache-control: no-store',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
