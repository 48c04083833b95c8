import type { Socket } from 'node:net'
import { answerFault } from '../smpp/answer-fault.ts'
import { COMMAND_STATUS } from '../smpp/command-status.ts'
import type { PduFault, PduReading } from '../smpp/decode-pdu.ts'
import { encodePdu } from '../smpp/encode-pdu.ts'
import { createPdu, createResponse, type Pdu, type PduOf } from '../smpp/pdu.ts'
import { PduReader } from '../smpp/pdu-reader.ts'
import type { TakenMessage } from './taken-message.ts'

/** Long enough for 255 parts in one message_payload. */
const PDU_OCTETS_MAX = 65_536
/** Submits in flight beyond which the connection is not read (back-pressure). */
const IN_FLIGHT_MAX = 10_000
/** Unsent bytes beyond which the peer gets no receipts and is not read. */
const UNREAD_OCTETS_MAX = 1_048_576
/** Acknowledgements of receipts that were sent again meanwhile still count, for as many. */
const OVERDUE_MAX = 10_000

export type SubmitPdu = PduOf<'submit_sm'> | PduOf<'data_sm'>
export type BindPdu = PduOf<'bind_transmitter'> | PduOf<'bind_receiver'> | PduOf<'bind_transceiver'>
export type QueryPdu = PduOf<'query_sm'> | PduOf<'cancel_sm'> | PduOf<'replace_sm'>

const NOT_BOUND = { status: COMMAND_STATUS.ESME_RINVBNDSTS.code }
const UNKNOWN_COMMAND = { status: COMMAND_STATUS.ESME_RINVCMDID.code }

/** The role of a connection once it is bound. */
export interface Binding {
  readonly systemId: string
  readonly canSubmit: boolean
  readonly canReceive: boolean
}

export interface SessionEvents {
  bind(session: Session, pdu: BindPdu): void
  /** Only on a session that may submit, as are queries. */
  submit(session: Session, pdu: SubmitPdu): void
  query(session: Session, pdu: QueryPdu): void
  /** The receipt was answered. */
  acknowledged(session: Session, message: TakenMessage, status: number): void
  /** There is room for more receipts. */
  hasRoom(session: Session): void
  closed(session: Session): void
}

interface SentReceipt {
  readonly message: TakenMessage
  readonly sentMs: number
}

export interface SessionOptions {
  readonly id: number
  readonly receiptWindow: number
  readonly answersEnquireLink: boolean
}

/**
 * One connection of a peer: cuts its bytes into PDUs, keeps the link alive, and gathers what is written in one tick of
 * the event loop into one packet. A peer that sends garbage loses this connection, and nothing else.
 *
 * A session is open, then bound, then closed. What an open one may send is a bind; see SMPP 3.4, clause 2.2.
 */
export class Session {
  readonly id: number
  /** Null while it is open. */
  binding: Binding | null = null
  /** Submits that are not decided yet. */
  inFlight = 0
  readonly openedMs = Date.now()
  heardMs = Date.now()
  /** The peer will understand nothing more of what is written. */
  isSpoilt = false
  /** When an enquire_link was sent that is not answered yet. */
  enquiredMs: number | null = null
  readonly #socket: Socket
  readonly #options: SessionOptions
  readonly #events: SessionEvents
  readonly #reader = new PduReader({ pduOctetsMax: PDU_OCTETS_MAX })
  /** Receipts that await acknowledgement, by sequence number and so in the order in which they were sent. */
  readonly #sent = new Map<number, SentReceipt>()
  readonly #overdue = new Map<number, TakenMessage>()
  #outgoing: Buffer[] = []
  #sequence = 0
  #isStalled = false
  #isClosed = false

  constructor(socket: Socket, options: SessionOptions, events: SessionEvents) {
    this.id = options.id
    this.#socket = socket
    this.#options = options
    this.#events = events
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#isClosed = true
      events.closed(this)
    })
  }

  /** Nothing can be written any more. */
  get isClosed(): boolean {
    return this.#isClosed || this.#socket.destroyed || this.#socket.writableEnded
  }

  get hasRoomForReceipt(): boolean {
    return !this.isClosed && !this.#isStalled && this.#sent.size < this.#options.receiptWindow
  }

  /** Sends a receipt; `write` makes its PDU for a sequence number. */
  sendReceipt(message: TakenMessage, write: (sequence: number) => Pdu): void {
    const sequence = this.#nextSequence()
    this.#sent.set(sequence, { message, sentMs: Date.now() })
    this.write(write(sequence))
  }

  /**
   * Returns receipts sent before that moment and not acknowledged, for sending again; a late acknowledgement still
   * counts.
   */
  takeOverdue(beforeMs: number): TakenMessage[] {
    const overdue: TakenMessage[] = []
    for (const [sequence, { message, sentMs }] of this.#sent) {
      if (sentMs >= beforeMs) break
      this.#sent.delete(sequence)
      this.#overdue.set(sequence, message)
      if (this.#overdue.size > OVERDUE_MAX) this.#overdue.delete(this.#overdue.keys().next().value!)
      overdue.push(message)
    }
    return overdue
  }

  /** Returns all receipts sent and not acknowledged. */
  takeUnacknowledged(): TakenMessage[] {
    const messages = [...this.#sent.values()].map(({ message }) => message)
    this.#sent.clear()
    return messages
  }

  enquire(nowMs: number): void {
    this.enquiredMs = nowMs
    this.write(createPdu('enquire_link', this.#nextSequence()))
    this.flush()
  }

  /** Buffered until `flush`, or the end of this tick. */
  write(pdu: Pdu): void {
    this.writeBytes(encodePdu(pdu))
  }

  writeBytes(bytes: Buffer): void {
    if (this.isClosed) return
    if (this.#outgoing.length === 0) setImmediate(() => this.flush())
    this.#outgoing.push(bytes)
  }

  flush(): void {
    const gathered = this.#outgoing
    if (gathered.length === 0 || this.isClosed) return
    this.#outgoing = []
    this.#socket.write(gathered.length === 1 ? gathered[0]! : Buffer.concat(gathered))
    if (this.#socket.writableLength > UNREAD_OCTETS_MAX) {
      this.#isStalled = true
      this.#socket.pause()
    }
  }

  /** Submits were decided, so that there is room for others. */
  release(submits: number): void {
    this.inFlight -= submits
    if (this.inFlight < IN_FLIGHT_MAX / 2 && !this.#isStalled && this.#socket.isPaused()) this.#socket.resume()
  }

  /** Sends unbind, and closes. */
  unbind(): void {
    if (this.binding) this.write(createPdu('unbind', this.#nextSequence()))
    this.end()
  }

  /** Closes when all that was written is sent. */
  end(): void {
    this.flush()
    this.#socket.end(() => this.#socket.destroy())
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  #drained(): void {
    if (!this.#isStalled) return
    this.#isStalled = false
    this.#socket.resume()
    this.#events.hasRoom(this)
  }

  #read(chunk: Buffer): void {
    this.heardMs = Date.now()
    this.enquiredMs = null
    for (const reading of this.#reader.push(chunk)) {
      if (this.isClosed) return
      this.#take(reading)
    }
    if (this.inFlight >= IN_FLIGHT_MAX) this.#socket.pause()
  }

  #take(reading: PduReading | PduFault): void {
    if (reading.kind === 'fault') this.#refuse(reading)
    else this.#dispatch(reading.pdu)
  }

  #dispatch(pdu: Pdu): void {
    switch (pdu.command) {
      case 'enquire_link':
        if (this.#options.answersEnquireLink) this.write(createResponse(pdu))
        return
      case 'enquire_link_resp':
        return
      case 'unbind':
        this.write(createResponse(pdu))
        this.end()
        return
      case 'unbind_resp':
        this.end()
        return
      case 'deliver_sm_resp':
      case 'generic_nack':
        this.#acknowledge(pdu.sequence, pdu.status)
        return
      case 'bind_transmitter':
      case 'bind_receiver':
      case 'bind_transceiver':
        this.#events.bind(this, pdu)
        return
      case 'submit_sm':
      case 'data_sm':
        if (this.binding?.canSubmit) this.#events.submit(this, pdu)
        else this.write(createResponse(pdu, NOT_BOUND))
        return
      case 'query_sm':
      case 'cancel_sm':
      case 'replace_sm':
        if (this.binding?.canSubmit) this.#events.query(this, pdu)
        else this.write(createResponse(pdu, NOT_BOUND))
        return
      default:
        if (!pdu.command.endsWith('_resp')) this.write(createPdu('generic_nack', pdu.sequence, UNKNOWN_COMMAND))
    }
  }

  #acknowledge(sequence: number, status: number): void {
    const message = this.#sent.get(sequence)?.message ?? this.#overdue.get(sequence)
    if (!message) return
    this.#sent.delete(sequence)
    this.#overdue.delete(sequence)
    this.#events.acknowledged(this, message, status)
  }

  #refuse(fault: PduFault): void {
    const answer = answerFault(fault)
    if (answer) this.write(answer)
    if (fault.isFatal) this.end()
  }

  #nextSequence(): number {
    this.#sequence = this.#sequence === 0x7fff_ffff ? 1 : this.#sequence + 1
    return this.#sequence
  }
}
