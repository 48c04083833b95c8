import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { encodePdu } from '../../../smpp/encode-pdu.ts'
import type { Pdu } from '../../../smpp/pdu.ts'
import { PduReader } from '../../../smpp/pdu-reader.ts'
import { Session } from './session.ts'
import type { Delivery, Oddity, SessionAction, SessionEnd, SessionOptions, SubmitAnswer } from './session-actions.ts'

export interface SocketAddress {
  readonly host: string
  readonly port: number
}

/** A submit as it goes over the wire; its sequence number is written into it. */
export interface WireSubmit {
  readonly frame: Buffer
  /** Since when its answer is due. */
  readonly sinceMs: number
}

export interface SessionSocketEvents<Submit extends WireSubmit> {
  bound(): void
  answered(submit: Submit, answer: SubmitAnswer): void
  answeredUnreadably(submit: Submit, detail: string): void
  givenUp(submit: Submit, wasWritten: boolean, code: string): void
  delivery(pdu: Delivery): void
  noted(oddity: Oddity, detail: string): void
  pdus(direction: 'in' | 'out', count: number): void
  /** Room in the window, readiness, or both may have changed. */
  changed(): void
  /** Nothing comes any more. */
  ended(end: SessionEnd): void
}

const SEQUENCE_AT = 12
/** A parameter has up to 65,535 octets, and SMSCs add some of their own; a longer PDU ends the connection. */
const PDU_OCTETS_MAX = 262_144
/** How long what was written last may take to go out, and the SMSC to hang up. */
const CLOSE_MS = 1_000
/** Submits are bounded by the window; answers to an SMSC that asks and does not read, by this. */
const FRAMES_MAX = 20_000

/** One connection to an SMSC: a session with its socket. Ends once, and is not used again. */
export class SessionSocket<Submit extends WireSubmit> {
  readonly #events: SessionSocketEvents<Submit>
  readonly #session: Session<Submit>
  readonly #socket: Socket
  readonly #reader = new PduReader({ isLenient: true, pduOctetsMax: PDU_OCTETS_MAX })
  #outgoing: Buffer[] = []
  #flushing: NodeJS.Immediate | null = null
  #closing: NodeJS.Timeout | null = null
  #end: SessionEnd | null = null
  #error = 'the SMSC closed the connection'

  constructor(
    address: SocketAddress,
    tls: ConnectionOptions | null,
    options: SessionOptions,
    events: SessionSocketEvents<Submit>,
  ) {
    this.#events = events
    this.#session = new Session(options, Date.now())
    const connected = (): void => this.#do(this.#session.connected(Date.now()))
    this.#socket = tls ? connectTls({ ...tls, ...address }, connected) : connect(address, connected)
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (chunk) => this.#take(chunk))
    this.#socket.on('drain', () => this.#flush())
    this.#socket.on('error', (error) => {
      this.#error = error.message
    })
    this.#socket.once('close', () => this.#closed())
  }

  get isBound(): boolean {
    return this.#session.state === 'bound'
  }

  get isReady(): boolean {
    return this.#session.isReady
  }

  get hasRoom(): boolean {
    return this.#session.hasRoom
  }

  get inWindow(): number {
    return this.#session.inWindow
  }

  /** Only if `hasRoom`. */
  submit(submit: Submit): void {
    submit.frame.writeUInt32BE(this.#session.submit(submit, submit.sinceMs), SEQUENCE_AT)
    this.#write(submit.frame)
  }

  /** Answers a delivery. False: the connection is gone, and the SMSC will not hear of it. */
  respond(delivery: Delivery, status: number): boolean {
    const isOpen = this.#session.state !== 'closed'
    this.#do(this.#session.respond(delivery, status, Date.now()))
    return isOpen
  }

  /** Awaits answers, unbinds and closes, each for as long as its time-out; `ended` resolves then. */
  stop(): void {
    this.#do(this.#session.stop(Date.now()))
  }

  /** To be called every now and then. */
  tick(nowMs: number): void {
    if (this.#session.deadlineMs <= nowMs) this.#do(this.#session.expire(nowMs))
  }

  /** Answers first: pending submits are not to wait for what the SMSC delivered with them. */
  #take(chunk: Buffer): void {
    const readings = this.#reader.push(chunk)
    const nowMs = Date.now()
    this.#events.pdus('in', readings.length)
    const isAnswer = (reading: (typeof readings)[number]): boolean =>
      reading.kind === 'pdu' && isResponse(reading.pdu.command)
    const actions = [true, false].flatMap((answers) =>
      readings
        .filter((reading) => isAnswer(reading) === answers)
        .flatMap((reading) => this.#session.take(reading, nowMs)),
    )
    this.#do(actions)
  }

  #do(actions: readonly SessionAction<Submit>[]): void {
    for (const action of actions) this.#perform(action)
    this.#events.changed()
  }

  #perform(action: SessionAction<Submit>): void {
    switch (action.kind) {
      case 'send':
        this.#write(encodePdu(action.pdu))
        break
      case 'bound':
        this.#events.bound()
        break
      case 'answered':
        this.#events.answered(action.submit, action.answer)
        break
      case 'answered-unreadably':
        this.#events.answeredUnreadably(action.submit, action.detail)
        break
      case 'given-up':
        if (!action.wasWritten) this.#outgoing = this.#outgoing.filter((frame) => frame !== action.submit.frame)
        this.#events.givenUp(action.submit, action.wasWritten, action.code)
        break
      case 'delivery':
        this.#events.delivery(action.pdu)
        break
      case 'noted':
        this.#events.noted(action.oddity, action.detail)
        break
      case 'close':
        this.#close(action.end)
    }
  }

  /** Gathers what is written in one tick of the event loop into one packet. */
  #write(frame: Buffer): void {
    if (this.#outgoing.push(frame) > FRAMES_MAX) {
      this.#error = 'the SMSC does not read'
      this.#socket.destroy()
    }
    this.#flushing ??= setImmediate(() => {
      this.#flushing = null
      this.#flush()
    })
  }

  /** What the SMSC does not read stays here, where it can still be taken back. */
  #flush(): void {
    if (this.#outgoing.length === 0 || !this.#socket.writable || this.#socket.writableNeedDrain) return
    this.#socket.write(this.#outgoing.length === 1 ? this.#outgoing[0]! : Buffer.concat(this.#outgoing))
    this.#events.pdus('out', this.#outgoing.length)
    this.#outgoing = []
    this.#session.written(Date.now())
  }

  #close(end: SessionEnd): void {
    this.#end = end
    this.#flush()
    this.#closing = setTimeout(() => this.#socket.destroy(), CLOSE_MS)
    if (this.#socket.connecting || end.cause === 'silent') this.#socket.destroy()
    else this.#socket.end(() => this.#socket.destroy())
  }

  #closed(): void {
    if (this.#closing) clearTimeout(this.#closing)
    if (this.#flushing) clearImmediate(this.#flushing)
    this.#do(this.#session.closed(this.#error))
    if (this.#closing) clearTimeout(this.#closing)
    this.#events.ended(this.#end!)
  }
}

function isResponse(command: Pdu['command']): boolean {
  return command.endsWith('_resp') || command === 'generic_nack'
}
