import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { CallbackAnswer, CallbackDoor, CallbackHead } from './callback-door.ts'
import { decodeForm } from './decode-form.ts'
import { KeptConnections } from './kept-connections.ts'
import { OperatorPlaces, type Place } from './operator-places.ts'
import { StrangerConnections } from './stranger-connections.ts'

export interface ReceiptListenerOptions {
  readonly host: string
  readonly port: number
  /** Null for an operator that does not call. */
  readonly doorOf: (operator: string) => CallbackDoor | null
  /** Counts answers; null for what names no operator. */
  readonly answered?: (operator: string | null, status: number) => void
  /** A callback that came whole could not be handled, for a reason that is not the operator's; it is answered 503. */
  readonly failed?: (operator: string, error: unknown) => void
  /** From the head of a request to its answer; 10 s if not given. */
  readonly exchangeMsMax?: number
}

type Answer = CallbackAnswer | 405 | 408

const EXCHANGE_MS_MAX = 10_000
const HEAD_MS_MAX = 5_000
const KEEP_ALIVE_MS = 5_000
const SWEEP_MS = 500
/** Strangers are swept long before they are so many; a flood is refused by the system. */
const CONNECTIONS_MAX = 4_000
const STRANGERS = { ofAddressMax: 100, max: 500, graceMs: 1_000 }
const KEPT = { ofOperatorMax: 100, max: 2_000 }
const PLACES = { callbacksMax: 200, bodiesBytesMax: 16_777_216, bodyBytesMax: 1_048_576 }
const RETRY_AFTER_S = 5
/** What is read, and for how long, of a request that was refused: closed at once, its sender might not see the answer. */
const DISCARDED_BYTES_MAX = 65_536
const DISCARD_MS_MAX = 1_000

/**
 * The port to which operators push receipts: `/receipts/<operator>`, GET or POST. Operator, address and token
 * are judged before a body is read; each operator has places of its own; a stranger has a connection for a moment.
 */
export class ReceiptListener {
  readonly #options: ReceiptListenerOptions
  readonly #server: Server
  readonly #strangers = new StrangerConnections(STRANGERS)
  readonly #kept = new KeptConnections(KEPT)
  readonly #places = new OperatorPlaces(PLACES)
  #sweeping: NodeJS.Timeout | null = null
  #isStopping = false

  constructor(options: ReceiptListenerOptions) {
    this.#options = options
    this.#server = createServer({
      headersTimeout: HEAD_MS_MAX,
      // Later than our own deadline, which answers and counts.
      requestTimeout: 2 * EXCHANGE_MS_MAX,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Node checks for slow connections every 30 s by default.
      connectionsCheckingInterval: SWEEP_MS,
      noDelay: true,
    })
    this.#server.maxConnections = CONNECTIONS_MAX
    this.#server.on('connection', (socket) => this.#strangers.add(socket, Date.now()))
    this.#server.on('request', (request, response) => void this.#serve(request, response))
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
    this.#sweeping = setInterval(() => this.#strangers.sweep(Date.now()), SWEEP_MS)
  }

  /** Takes no further callback, and awaits those in flight, each until its deadline. */
  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#sweeping) clearInterval(this.#sweeping)
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeIdleConnections()
      this.#strangers.closeAll()
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s)
    const operator = /^\/receipts\/([a-z][a-z0-9-]{0,31})$/.exec(path)?.[1]
    const door = operator === undefined ? null : this.#options.doorOf(operator)
    if (operator === undefined || !door) return this.#refuse(request, response, null, 404)
    if (request.method !== 'GET' && request.method !== 'POST') return this.#refuse(request, response, operator, 405)
    const head = {
      address: request.socket.remoteAddress ?? '',
      headers: request.headers,
      query: decodeForm(query),
    }
    const refusal = door.admit(head)
    if (refusal) return this.#refuse(request, response, operator, refusal)
    this.#strangers.remove(request.socket)
    const place = this.#places.take(operator)
    if (!place) return this.#refuse(request, response, operator, 503)
    const exchangeMsMax = this.#options.exchangeMsMax ?? EXCHANGE_MS_MAX
    const status = await withinDeadline(this.#receive(request, head, door, place, operator), request, exchangeMsMax)
    if (!request.complete) return this.#refuse(request, response, operator, status)
    const isKept = !this.#isStopping && this.#kept.keep(operator, request.socket)
    if (!isKept) response.setHeader('connection', 'close')
    this.#answer(response, operator, status)
  }

  /** Holds its place for as long as it works, also beyond the deadline. */
  async #receive(
    request: IncomingMessage,
    head: CallbackHead,
    door: CallbackDoor,
    place: Place,
    operator: string,
  ): Promise<Answer> {
    try {
      const chunks: Buffer[] = []
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        const refusal = place.grow(chunk.length)
        if (refusal) return refusal
        chunks.push(chunk)
      }
      return await door.receive({ ...head, body: Buffer.concat(chunks) })
    } catch (error) {
      if (request.complete) this.#options.failed?.(operator, error)
      return 503
    } finally {
      place.release()
    }
  }

  #answer(response: ServerResponse, operator: string | null, status: Answer): void {
    this.#options.answered?.(operator, status)
    if (response.headersSent || response.destroyed) return
    response.writeHead(status, {
      'content-type': 'text/plain',
      ...(status === 503 ? { 'retry-after': String(RETRY_AFTER_S) } : {}),
      ...(status === 405 ? { allow: 'GET, POST' } : {}),
    })
    response.end(status === 200 ? 'OK' : status === 503 ? 'try again later' : 'refused')
  }

  /** Answers before the request is read, and closes the connection when the sender has had a moment to see it. */
  #refuse(request: IncomingMessage, response: ServerResponse, operator: string | null, status: Answer): void {
    const { socket } = request
    let discardedBytes = 0
    request.on('data', (chunk: Buffer) => {
      discardedBytes += chunk.length
      if (discardedBytes > DISCARDED_BYTES_MAX) socket.destroy()
    })
    const discarding = setTimeout(() => socket.destroy(), DISCARD_MS_MAX)
    socket.once('close', () => clearTimeout(discarding))
    response.setHeader('connection', 'close')
    this.#answer(response, operator, status)
  }
}

/** An operator that sends its body too slowly is refused; one whose receipts take too long to store is to call again. */
async function withinDeadline(receiving: Promise<Answer>, request: IncomingMessage, msMax: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve(request.complete ? 503 : 408), msMax)
  })
  try {
    return await Promise.race([receiving, late])
  } finally {
    clearTimeout(timer)
  }
}
