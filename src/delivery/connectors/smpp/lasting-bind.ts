import type { ConnectionOptions } from 'node:tls'
import { Fifo } from '../../../kafka/consumer/lanes/fifo.ts'
import { type ReconnectLimits, reconnectDelayMs } from './reconnect-delay.ts'
import type { SessionEnd, SessionOptions } from './session-actions.ts'
import { SessionSocket, type SessionSocketEvents, type SocketAddress, type WireSubmit } from './session-socket.ts'
import type { SmppObserver } from './smpp-observer.ts'

export interface LastingBindOptions {
  /** `transceiver 1`. */
  readonly name: string
  /** Tried in turn: the next one after each that could not be bound. */
  readonly addresses: readonly SocketAddress[]
  readonly tls: ConnectionOptions | null
  readonly session: SessionOptions
  readonly limits: ReconnectLimits
}

export interface LastingBindEvents<Submit extends WireSubmit>
  extends Pick<SessionSocketEvents<Submit>, 'answered' | 'answeredUnreadably' | 'givenUp' | 'changed'> {
  /** `respond` answers it on the connection that it came by; false: that is closed. */
  delivery(
    pdu: Parameters<SessionSocketEvents<Submit>['delivery']>[0],
    respond: (status: number) => boolean,
    connection: object,
  ): void
}

/** After so long bound, what failed before is forgotten. */
const STEADY_MS = 10_000
/** Of the response time-out, how much a submit may spend waiting for room. */
const WAIT_SHARE = 0.5

/** One bind of an operator account: connects, and again when the connection ends, until it is stopped. */
export class LastingBind<Submit extends WireSubmit> {
  readonly #options: LastingBindOptions
  readonly #events: LastingBindEvents<Submit>
  readonly #observer: SmppObserver
  /** Submits for which the window has no room yet, oldest first. */
  readonly #waiting = new Fifo<Submit>()
  #socket: SessionSocket<Submit> | null = null
  #reconnect: NodeJS.Timeout | null = null
  #addressIndex = 0
  #failures = 0
  #boundMs: number | null = null
  #stopped: (() => void) | null = null

  constructor(options: LastingBindOptions, events: LastingBindEvents<Submit>, observer: SmppObserver) {
    this.#options = options
    this.#events = events
    this.#observer = observer
  }

  get isBound(): boolean {
    return this.#socket?.isBound ?? false
  }

  /** Bound, and the SMSC is not suspect. */
  get isReady(): boolean {
    return this.#socket?.isReady ?? false
  }

  get inWindow(): number {
    return this.#socket?.inWindow ?? 0
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** From 0; above 1 submits wait. */
  get load(): number {
    return (this.inWindow + this.waiting) / this.#options.session.window
  }

  start(): void {
    this.#connect()
  }

  /** Resolves when the connection is closed; answers that may still come are awaited first. */
  stop(): Promise<void> {
    if (this.#reconnect) clearTimeout(this.#reconnect)
    this.#abandonWaiting('stopping')
    return new Promise((resolve) => {
      this.#stopped = resolve
      if (this.#socket) this.#socket.stop()
      else resolve()
    })
  }

  /** Only if `isReady`. Goes out when the window has room for it. */
  submit(submit: Submit): void {
    this.#waiting.push(submit)
    this.#pump(Date.now())
  }

  tick(nowMs: number): void {
    this.#pump(nowMs)
    this.#socket?.tick(nowMs)
  }

  #connect(): void {
    const { addresses, name, tls, session } = this.#options
    const address = addresses[this.#addressIndex]!
    const socket: SessionSocket<Submit> = new SessionSocket(address, tls, session, {
      bound: () => {
        this.#boundMs = Date.now()
        this.#observer.bound(name, textOf(address))
      },
      answered: this.#events.answered,
      answeredUnreadably: this.#events.answeredUnreadably,
      givenUp: this.#events.givenUp,
      delivery: (pdu) => this.#events.delivery(pdu, (status) => socket.respond(pdu, status), socket),
      noted: (oddity, detail) => this.#observer.noted(name, oddity, detail),
      pdus: this.#observer.pdus,
      changed: () => this.#changed(),
      ended: (end) => this.#ended(end, address),
    })
    this.#socket = socket
  }

  #changed(): void {
    this.#pump(Date.now())
    this.#events.changed()
  }

  /** What waited for too long is not written any more: its answer would hardly come in time. */
  #pump(nowMs: number): void {
    const sinceMsMin = nowMs - this.#options.session.responseTimeoutMs * WAIT_SHARE
    while (this.#waiting.length > 0) {
      const isOverdue = this.#waiting.peek()!.sinceMs <= sinceMsMin
      if (!isOverdue && !this.#socket?.hasRoom) return
      const submit = this.#waiting.shift()!
      if (isOverdue) this.#events.givenUp(submit, false, 'no-room')
      else this.#socket!.submit(submit)
    }
  }

  #ended(end: SessionEnd, address: SocketAddress): void {
    const { addresses, limits, name } = this.#options
    const wasSteady = this.#boundMs !== null && Date.now() - this.#boundMs >= STEADY_MS
    this.#failures = wasSteady ? 1 : this.#failures + 1
    if (this.#boundMs === null) this.#addressIndex = (this.#addressIndex + 1) % addresses.length
    this.#boundMs = null
    this.#socket = null
    this.#abandonWaiting('connection-lost')
    const retryMs = this.#stopped ? null : reconnectDelayMs(end, this.#failures, limits)
    this.#observer.ended(name, textOf(address), end, retryMs)
    if (retryMs !== null) this.#reconnect = setTimeout(() => this.#connect(), retryMs)
    this.#events.changed()
    this.#stopped?.()
  }

  #abandonWaiting(code: string): void {
    for (let submit = this.#waiting.shift(); submit; submit = this.#waiting.shift()) {
      this.#events.givenUp(submit, false, code)
    }
  }
}

function textOf({ host, port }: SocketAddress): string {
  return `${host}:${port}`
}
