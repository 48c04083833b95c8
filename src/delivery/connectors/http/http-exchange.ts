import { Agent, errors, request } from 'undici'
import type { ComposedRequest } from './compose-request.ts'
import type { HttpAnswer } from './read-answer.ts'

const BODY_BYTES_MAX = 262_144
/** Shorter than servers usually keep a quiet connection, so that a request seldom meets one that is being closed. */
const KEEP_ALIVE_MS = 4_000

/** Nothing of a request was written, or nobody knows how much of it arrived. */
export type ExchangeFault = { readonly kind: 'unsent' | 'ambiguous'; readonly code: string }

/** Requests to one operator over connections that are kept. */
export class HttpExchange {
  readonly #agent: Agent
  readonly #timeoutMs: number

  constructor(options: { timeoutMs: number; connectionsMax: number }) {
    this.#timeoutMs = options.timeoutMs
    this.#agent = new Agent({
      connections: options.connectionsMax,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: { timeout: Math.min(options.timeoutMs, 5_000) },
    })
  }

  /**
   * Takes no longer than the time-out. Follows no redirect. Throws for a request that cannot be written, as with a
   * header that is none.
   */
  async exchange({ url, method, headers, body }: ComposedRequest): Promise<HttpAnswer | ExchangeFault> {
    try {
      const signal = AbortSignal.timeout(this.#timeoutMs)
      const answer = await request(url, { method, headers, body, dispatcher: this.#agent, signal })
      let text = ''
      for await (const chunk of answer.body.setEncoding('utf8') as AsyncIterable<string>) {
        text += chunk
        if (text.length > BODY_BYTES_MAX) return { kind: 'ambiguous', code: 'answer-too-long' }
      }
      return { status: answer.statusCode, json: parse(text) }
    } catch (error) {
      if (error instanceof errors.InvalidArgumentError) throw error
      return faultOf(error as Error & { code?: string })
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const NOT_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Without a connection nothing was written; of all else nobody can say how far it came. */
function faultOf(error: Error & { code?: string }): ExchangeFault {
  const code = error.code ?? error.name
  const isUnsent =
    error instanceof errors.ConnectTimeoutError ||
    NOT_CONNECTED.has(code) ||
    /^(CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)
  if (isUnsent) return { kind: 'unsent', code: 'not-connected' }
  return { kind: 'ambiguous', code: error.name === 'TimeoutError' ? 'no-answer' : 'connection-lost' }
}
