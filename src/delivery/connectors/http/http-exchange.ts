import { Agent, type Dispatcher, errors, request } from 'undici'
import { decodeUtf8 } from '../../../domain/text/decode-utf8.ts'
import { readJson } from '../../../runtime/read-json.ts'
import type { ComposedRequest } from './compose-request.ts'
import type { HttpAnswer } from './read-answer.ts'

export const BODY_BYTES_MAX = 262_144
/** Shorter than servers usually keep a quiet connection, so that a request seldom meets one that is being closed. */
const KEEP_ALIVE_MS = 4_000
/** Of the time-out, what connecting may take: the rest is for the answer, and a request is not given up while it waits. */
const CONNECT_SHARE = 0.5
const CONNECT_MS_MAX = 5_000

/** Nothing of a request was written, or it is unknown how much of it arrived. */
export type ExchangeFault = { readonly kind: 'unsent' | 'ambiguous'; readonly code: string }

/** Requests to one operator over connections that are kept. */
export class HttpExchange {
  readonly #agent: Agent
  readonly #dispatcher: Dispatcher
  readonly #timeoutMs: number

  constructor(options: { timeoutMs: number; connectionsMax: number }) {
    this.#timeoutMs = options.timeoutMs
    this.#agent = new Agent({
      connections: options.connectionsMax,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connect: { timeout: Math.ceil(Math.min(options.timeoutMs * CONNECT_SHARE, CONNECT_MS_MAX)) },
    })
    this.#dispatcher = this.#agent.compose(noteWriting)
  }

  /**
   * Takes no longer than the time-out, from the call to the end of the body. Follows no redirect. An answer whose body
   * does not come whole, or is longer than 256 KiB, is as far as it came. Throws for a request that cannot be written,
   * as with a header that is none.
   */
  async exchange({ url, method, headers, body }: ComposedRequest): Promise<HttpAnswer | ExchangeFault> {
    const progress: Progress = { isWritten: false }
    const signal = AbortSignal.timeout(this.#timeoutMs)
    try {
      const answer = await request(url, {
        method,
        headers: { 'accept-encoding': 'identity', ...headers },
        body,
        dispatcher: this.#dispatcher,
        signal,
        opaque: progress,
      })
      return { status: answer.statusCode, ...(await readBody(answer.body)) }
    } catch (error) {
      if (error instanceof errors.InvalidArgumentError) throw error
      if (!progress.isWritten) return { kind: 'unsent', code: 'not-connected' }
      return { kind: 'ambiguous', code: faultCode(error as Error, signal) }
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

interface Progress {
  /** From the moment in which a connection begins to write the request. */
  isWritten: boolean
}

/** Separates what never left the process from what the operator may have: by what was done, not by an error's name. */
const noteWriting: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(options, {
    // Called right before a connection writes the request.
    onRequestStart(...args) {
      ;(options as unknown as { opaque: Progress }).opaque.isWritten = true
      handler.onRequestStart?.(...args)
    },
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  })

type Body = Pick<HttpAnswer, 'text' | 'json' | 'extent'>

async function readBody(body: AsyncIterable<Buffer>): Promise<Body> {
  const chunks: Buffer[] = []
  let extent: Body['extent'] = 'whole'
  let length = 0
  try {
    for await (const chunk of body) {
      chunks.push(chunk)
      length += chunk.length
      if (length > BODY_BYTES_MAX) {
        extent = 'too-long'
        break
      }
    }
  } catch {
    // The status has come, and says more than the error with which the body broke off.
    extent = 'incomplete'
  }
  const text = decode(Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX))
  return { text, json: extent === 'whole' ? parse(text) : null, extent }
}

/**
 * An answer that is not UTF-8 may still have its id and its code in ASCII: each byte becomes a character (ISO 8859-1), so
 * that no two ids become one. A byte order mark is left out.
 */
function decode(bytes: Buffer): string {
  try {
    return decodeUtf8(bytes).replace(/^\ufeff/, '')
  } catch {
    return bytes.toString('latin1')
  }
}

/** Null for what is no JSON, or nested too deeply to be read. */
function parse(text: string): unknown {
  try {
    return readJson(text)
  } catch {
    return null
  }
}

function faultCode(error: Error, signal: AbortSignal): string {
  if (signal.aborted) return 'no-answer'
  return error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError
    ? 'answer-not-http'
    : 'connection-lost'
}
