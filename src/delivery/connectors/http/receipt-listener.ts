import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Callback } from './admit-callback.ts'
import type { CallbackAnswer } from './http-connector.ts'

const BODY_BYTES_MAX = 1_048_576
const REQUEST_MS_MAX = 10_000
/** Callbacks under way at once, and what their bodies come to; beyond them operators are asked to come again. */
const UNDER_WAY_MAX = 500
const BODIES_BYTES_MAX = 67_108_864
const CONNECTIONS_MAX = 2_000

export interface ReceiptListenerOptions {
  readonly host: string
  readonly port: number
  /** Takes a callback of an operator; 404 for one that does not call. */
  readonly receive: (operator: string, callback: Callback) => Promise<CallbackAnswer>
}

/** Where operators that speak HTTP bring their receipts: `/receipts/<operator>`, GET or POST. */
export class ReceiptListener {
  readonly #options: ReceiptListenerOptions
  readonly #server: Server
  #underWay = 0
  #bodiesBytes = 0

  constructor(options: ReceiptListenerOptions) {
    this.#options = options
    this.#server = createServer(
      { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX },
      (request, response) => {
        this.#serve(request, response).catch(() => answer(response, 503))
      },
    )
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  async start(): Promise<void> {
    const { host, port } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, resolve)
    })
  }

  /** Takes no further callback, and awaits those under way. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '/', 'http://localhost')
    const operator = url && /^\/receipts\/([a-z][a-z0-9-]{0,31})$/.exec(url.pathname)?.[1]
    if (!operator || (request.method !== 'GET' && request.method !== 'POST')) return answer(response, 404)
    if (this.#underWay >= UNDER_WAY_MAX) return answer(response, 503)
    this.#underWay++
    const chunks: Buffer[] = []
    let bytes = 0
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        bytes += chunk.length
        this.#bodiesBytes += chunk.length
        if (bytes > BODY_BYTES_MAX) return answer(response, 413)
        if (this.#bodiesBytes > BODIES_BYTES_MAX) return answer(response, 503)
        chunks.push(chunk)
      }
      const callback = {
        address: request.socket.remoteAddress ?? '',
        headers: request.headers,
        query: Object.fromEntries(url.searchParams),
        body: Buffer.concat(chunks),
      }
      answer(response, await this.#options.receive(operator, callback))
    } finally {
      this.#underWay--
      this.#bodiesBytes -= bytes
    }
  }
}

function answer(response: ServerResponse, status: number): void {
  const text = status === 200 ? 'OK' : status === 503 ? 'again, please' : 'no'
  response.writeHead(status, { 'content-type': 'text/plain', ...(status === 413 ? { connection: 'close' } : {}) })
  response.end(text)
}
