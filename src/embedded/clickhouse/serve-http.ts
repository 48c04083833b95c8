import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostNameOf, judgeOrigin } from '../../runtime/judge-origin.ts'
import { isSameSecret } from '../../runtime/same-secret.ts'
import { judgeStatement, type StatementRules } from './judge-statement.ts'
import type { QueryQueue } from './query-queue.ts'

const BODY_BYTES_MAX = 64 * 1024 * 1024
const CONNECTIONS_MAX = 1_000
const HEADERS_MS_MAX = 5_000
/** For a request to arrive whole. */
const REQUEST_MS_MAX = 30_000
/** Node looks for connections that are late only so often. */
const CHECK_MS = 1_000
const NAME = /^[A-Za-z0-9_]{1,100}$/

export interface HttpInterfaceOptions {
  readonly user: string
  readonly password: string
  readonly rules: StatementRules
}

/** What a request is refused for before anything of it is read. */
class RefusedRequestError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * As much of ClickHouse's HTTP interface as its clients use: `GET /ping`; a query in the URL, in the body, or split
 * between the two with its data in the body; `database`, `default_format`, and `param_…` for `{name:Type}` places.
 * A request without user and password, or of a page in a browser, is refused before its body is read.
 */
export function createHttpInterface(queries: QueryQueue, options: HttpInterfaceOptions): Server {
  const server = createServer({ connectionsCheckingInterval: CHECK_MS }, (request, response) => {
    handle(queries, request, options).then(
      (bytes) => response.writeHead(200, { 'content-type': 'text/plain; charset=UTF-8' }).end(bytes),
      (error: Error) => refuse(request, response, error),
    )
  })
  server.headersTimeout = HEADERS_MS_MAX
  server.requestTimeout = REQUEST_MS_MAX
  server.maxConnections = CONNECTIONS_MAX
  return server
}

async function handle(
  queries: QueryQueue,
  request: IncomingMessage,
  options: HttpInterfaceOptions,
): Promise<Uint8Array | string> {
  admit(request, options)
  const url = URL.parse(request.url ?? '/', 'http://localhost')
  if (!url) throw new RefusedRequestError(400, 'this is no URL')
  if (url.pathname === '/ping') return 'Ok.\n'
  if (request.method !== 'POST') throw new RefusedRequestError(405, 'queries are posted')
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw tooLarge()
  const query = await readQuery(url.searchParams, request)
  judgeStatement(query.sql, query.data !== '', options.rules)
  return await queries.run(query.data === '' ? query.sql : `${query.sql}\n${query.data}`, query)
}

/** Throws RefusedRequestError unless host and origin are this port's, and user and password are right. */
function admit({ headers, socket }: IncomingMessage, { user, password }: HttpInterfaceOptions): void {
  const { port } = socket.address() as AddressInfo
  const isOwn = (host: string): boolean =>
    /^(127\.0\.0\.1|localhost)$/.test(hostNameOf(host)) && host.endsWith(`:${port}`)
  if (judgeOrigin(headers, isOwn) !== 'own')
    throw new RefusedRequestError(403, 'host or origin is not that of this port')
  const given = credentialsOf(headers)
  const isKnown = [isSameSecret(given.user, user), isSameSecret(given.password, password)].every(Boolean)
  if (!isKnown)
    throw new RefusedRequestError(401, 'Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)')
}

/** In the two ways in which ClickHouse's clients send them; clients turn `user:password@` of a URL into the first. */
function credentialsOf(headers: IncomingMessage['headers']): { user: string; password: string } {
  const basic = /^basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1]
  if (basic !== undefined) {
    const [, user = '', password = ''] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(basic, 'base64').toString()) ?? []
    return { user, password }
  }
  return { user: String(headers['x-clickhouse-user'] ?? ''), password: String(headers['x-clickhouse-key'] ?? '') }
}

interface Query {
  readonly sql: string
  /** What an INSERT inserts; empty for other statements. */
  readonly data: string
  readonly database: string
  readonly format: string
  readonly values: Record<string, string>
}

async function readQuery(params: URLSearchParams, request: IncomingMessage): Promise<Query> {
  const inUrl = params.get('query') ?? ''
  const database = params.get('database') ?? 'default'
  const format = params.get('default_format') ?? 'TabSeparated'
  if (!NAME.test(database) || !NAME.test(format)) throw new RefusedRequestError(400, 'database or format is no name')
  const values: Record<string, string> = {}
  for (const [name, value] of params) if (name.startsWith('param_')) values[name.slice('param_'.length)] = value
  const body = await readBody(request)
  return { sql: inUrl || body, data: inUrl === '' ? '' : body, database, format, values }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function tooLarge(): RefusedRequestError {
  return new RefusedRequestError(413, `the body has more than ${BODY_BYTES_MAX} bytes`)
}

/** As ClickHouse does: the message begins with `Code: N. DB::Exception: …`, from which clients read the code. */
function refuse(request: IncomingMessage, response: ServerResponse, error: Error): void {
  const code = /Code: (\d+)/.exec(error.message)?.[1]
  const headers = {
    'content-type': 'text/plain; charset=UTF-8',
    ...(code ? { 'x-clickhouse-exception-code': code } : {}),
    // What is refused unread is not read afterwards either.
    ...(request.complete ? {} : { connection: 'close' }),
  }
  const status = error instanceof RefusedRequestError ? error.status : 500
  response.writeHead(status, headers)
  response.end(code ? error.message : `Code: 1. DB::Exception: ${error.message}`, () => {
    if (!request.complete) request.destroy()
  })
}
