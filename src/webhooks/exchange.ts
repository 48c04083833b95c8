import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { cleanText } from '../domain/text/clean-text.ts'
import { AddressRefusedError } from './address-guard.ts'

/** What of a body is read so that its connection can be used again; beyond it the connection costs less to replace. */
const BODY_BYTES_MAX = 16_384
const BODY_MS_MAX = 250
/** Interim responses (1xx) that a receiver may send before the real one. */
const INTERIM_MAX = 8
const ERROR_CHARS_MAX = 200

/** How a receiver answered, as soon as that is certain. */
export type ExchangeHead =
  | { readonly kind: 'status'; readonly statusCode: number; readonly headers: IncomingHttpHeaders }
  | { readonly kind: 'broken'; readonly error: string }

/** A receiver that has not answered for so long is slow: its caller continues without it. */
const SLOW_MS = 1_000

export interface ExchangeEvents {
  /** Exactly once: the status line has come, or never will. */
  readonly headed: (head: ExchangeHead) => void
  /** Before `headed`, at most once: it takes more than a second. Returns whether it may go on. */
  readonly slow: () => boolean
  /** Exactly once, after `headed`: the connection is free or closed. */
  readonly ended: () => void
}

/**
 * One request and its response, of which the status line decides. A single deadline runs from the beginning, whatever
 * dribbles in meanwhile; after the header the body may take a quarter of a second and 16 KiB, is dropped, and changes nothing any
 * more.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #timeoutMs: number
  readonly #events: ExchangeEvents
  #phase: 'awaited' | 'headed' | 'ended' = 'awaited'
  #controller: Dispatcher.DispatchController | null = null
  #timer: NodeJS.Timeout
  #bodyBytes = 0
  #interim = 0

  constructor(timeoutMs: number, events: ExchangeEvents) {
    this.#timeoutMs = timeoutMs
    this.#events = events
    this.#timer = setTimeout(() => this.#dragOn(), Math.min(SLOW_MS, timeoutMs))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#phase !== 'awaited') controller.abort(new Error('the deadline passed before the connection was open'))
  }

  onResponseStart(controller: Dispatcher.DispatchController, statusCode: number, headers: IncomingHttpHeaders): void {
    if (statusCode < 200) {
      if (++this.#interim > INTERIM_MAX) controller.abort(new Error('too many interim responses'))
      return
    }
    if (this.#phase !== 'awaited') return
    this.#phase = 'headed'
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => controller.abort(new Error('the body takes too long')), BODY_MS_MAX)
    this.#events.headed({ kind: 'status', statusCode, headers })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bodyBytes += chunk.length
    if (this.#bodyBytes > BODY_BYTES_MAX) controller.abort(new Error('the body is too long'))
  }

  onResponseEnd(): void {
    this.#end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#break(describe(error))
    this.#end()
  }

  #dragOn(): void {
    const leftMs = this.#timeoutMs - SLOW_MS
    if (leftMs > 0) this.#timer = setTimeout(() => this.#giveUp(this.#timeoutMs), leftMs)
    if (leftMs <= 0) this.#giveUp(this.#timeoutMs)
    else if (!this.#events.slow()) this.#giveUp(SLOW_MS)
  }

  /** The connection is closed, or will be as soon as it opens. */
  #giveUp(afterMs: number): void {
    clearTimeout(this.#timer)
    this.#break(`timeout: no status line within ${afterMs} ms`)
    this.#controller?.abort(new Error('the deadline has passed'))
  }

  #break(error: string): void {
    if (this.#phase !== 'awaited') return
    this.#phase = 'headed'
    this.#events.headed({ kind: 'broken', error })
  }

  #end(): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    clearTimeout(this.#timer)
    this.#events.ended()
  }
}

/** What went wrong, in words that are safe to store: a receiver chooses some of them. */
function describe(error: Error): string {
  const cause = error instanceof AddressRefusedError ? error : error.cause
  if (cause instanceof AddressRefusedError) return `refused: ${cleanText(cause.message, ERROR_CHARS_MAX)}`
  // An AggregateError of several addresses has no message of its own.
  const { code, message } = error as Error & { code?: string }
  return cleanText(message || code || error.name, ERROR_CHARS_MAX)
}
