import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { QueryQueue } from './query-queue.ts'

const BODY_BYTES_MAX = 64 * 1024 * 1024

/**
 * As much of ClickHouse's HTTP interface as its clients use: `GET /ping`; a query in the URL, in the body, or split
 * between the two with its data in the body; `database`, `default_format`, and `param_…` for `{name:Type}` places.
 */
export function createHttpInterface(queries: QueryQueue): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname === '/ping') {
      response.writeHead(200).end('Ok.\n')
      return
    }
    answer(queries, request, url.searchParams).then(
      (bytes) => response.writeHead(200, { 'content-type': 'text/plain; charset=UTF-8' }).end(bytes),
      (error: Error) => refuse(response, error),
    )
  })
}

async function answer(queries: QueryQueue, request: IncomingMessage, params: URLSearchParams): Promise<Uint8Array> {
  const inUrl = params.get('query') ?? ''
  const inBody = await readBody(request)
  const values: Record<string, string> = {}
  for (const [name, value] of params) if (name.startsWith('param_')) values[name.slice('param_'.length)] = value
  return await queries.run(inUrl === '' ? inBody : `${inUrl}\n${inBody}`, {
    database: params.get('database') ?? 'default',
    format: params.get('default_format') ?? 'TabSeparated',
    values,
  })
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) throw new Error('the body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** As ClickHouse does: the message begins with `Code: N. DB::Exception: …`, from which clients read the code. */
function refuse(response: ServerResponse, error: Error): void {
  const code = /Code: (\d+)/.exec(error.message)?.[1]
  const headers = {
    'content-type': 'text/plain; charset=UTF-8',
    ...(code ? { 'x-clickhouse-exception-code': code } : {}),
  }
  response.writeHead(500, headers).end(code ? error.message : `Code: 1. DB::Exception: ${error.message}`)
}
