import { answerFault } from '../../../smpp/answer-fault.ts'
import { COMMAND_STATUS } from '../../../smpp/command-status.ts'
import type { PduFault, PduReading } from '../../../smpp/decode-pdu.ts'
import { createPdu, createResponse, type Pdu, type PduOf } from '../../../smpp/pdu.ts'
import { RESPONSE_BIT } from '../../../smpp/pdu-grammar.ts'
import type {
  Delivery,
  Oddity,
  SessionAction,
  SessionEnd,
  SessionOptions,
  SessionState,
  SubmitAnswer,
} from './session-actions.ts'
import { type Awaited, SubmitWindow } from './submit-window.ts'

/*
  One connection to an SMSC, from its beginning to its end, as an ESME sees it (SMPP 3.4, 2.2). No socket and no clock:
  the caller has them, reports what happened and when, and does what is returned.

    open       the connection is being made; it and the bind have one time-out together
    binding    the bind was sent, its answer is awaited
    bound      submits are taken while the window has room; deliveries are handed on
    unbinding  no submit is taken any more. Answers are awaited first and deliveries answered, then we unbind, or answer
               the SMSC's unbind
    closed     nothing more happens

  What becomes of a submit without an answer depends on whether it was handed to the socket: until then the SMSC cannot
  have it. An answer that does not come in time leaves the connection as it is, and is counted if it comes later. But
  if nothing at all came since the submit, the SMSC is suspect: it is asked by an enquire_link, gets no more submits
  until something comes, and if nothing does, the connection is given up.
*/

/** A request of our own that is no submit. */
interface Asked {
  readonly sequence: number
  readonly sinceMs: number
}

/** `Submit` is whatever the caller wants back with the answer. */
export class Session<Submit> {
  readonly #options: SessionOptions
  readonly #openedMs: number
  readonly #window: SubmitWindow<Submit>
  #state: SessionState = 'open'
  #bind: Asked | null = null
  #enquiry: Asked | null = null
  #unbind: Asked | null = null
  /** The SMSC's unbind, to be answered when nothing is open any more. */
  #unbindOfSmsc: PduOf<'unbind'> | null = null
  #endWanted: SessionEnd | null = null
  #endWantedMs = 0
  #deliveries = 0
  #isSuspect = false
  #heardMs: number
  #sentMs: number
  #trafficMs: number
  #actions: SessionAction<Submit>[] = []

  constructor(options: SessionOptions, nowMs: number) {
    this.#options = options
    this.#window = new SubmitWindow(options.window)
    this.#openedMs = nowMs
    this.#heardMs = nowMs
    this.#sentMs = nowMs
    this.#trafficMs = nowMs
  }

  get state(): SessionState {
    return this.#state
  }

  /** Submits are taken, as far as the window has room. */
  get isReady(): boolean {
    return this.#state === 'bound' && !this.#isSuspect
  }

  get inWindow(): number {
    return this.#window.inUse
  }

  get hasRoom(): boolean {
    return this.isReady && this.#window.hasRoom
  }

  /** When `expire` has something to do; Infinity if never. */
  get deadlineMs(): number {
    const { bindTimeoutMs, responseTimeoutMs, enquireLinkMs, inactivityMs } = this.#options
    if (this.#state === 'closed') return Number.POSITIVE_INFINITY
    if (this.#state === 'open' || this.#state === 'binding') return this.#openedMs + bindTimeoutMs
    const askedMs = [this.#window.oldestMs, this.#enquiry?.sinceMs, this.#unbind?.sinceMs]
    if (this.#state === 'unbinding' && !this.#unbind) askedMs.push(this.#endWantedMs)
    const answersMs = Math.min(...askedMs.filter((each) => each !== undefined)) + responseTimeoutMs
    if (this.#state === 'unbinding') return answersMs
    const enquiryMs = this.#enquiry ? Number.POSITIVE_INFINITY : Math.min(this.#heardMs, this.#sentMs) + enquireLinkMs
    const inactiveMs = inactivityMs > 0 ? this.#trafficMs + inactivityMs : Number.POSITIVE_INFINITY
    return Math.min(answersMs, enquiryMs, inactiveMs)
  }

  connected(nowMs: number): SessionAction<Submit>[] {
    if (this.#state !== 'open') return []
    this.#bind = this.#ask(nowMs)
    this.#state = 'binding'
    this.#send(this.#options.bind(this.#bind.sequence), nowMs)
    return this.#decided()
  }

  /** Takes a submit, due to be answered since then, into the window, if `hasRoom`. Returns its sequence number. */
  submit(submit: Submit, sinceMs: number): number {
    if (!this.hasRoom) throw new Error('the window has no room')
    this.#trafficMs = Math.max(this.#trafficMs, sinceMs)
    return this.#window.add(submit, sinceMs)
  }

  /** All submits so far were handed to the socket. */
  written(nowMs: number): void {
    this.#window.written()
    this.#sentMs = nowMs
  }

  take(reading: PduReading | PduFault, nowMs: number): SessionAction<Submit>[] {
    if (this.#state === 'closed') return []
    this.#heardMs = nowMs
    this.#isSuspect = false
    if (reading.kind === 'fault') this.#takeFault(reading, nowMs)
    else {
      if (reading.leftOut) this.#note('unreadable-pdu', reading.leftOut)
      this.#takePdu(reading.pdu, nowMs)
    }
    this.#settle(nowMs)
    return this.#decided()
  }

  /** Answers a delivery. */
  respond(delivery: Delivery, status: number, nowMs: number): SessionAction<Submit>[] {
    this.#deliveries--
    if (this.#state !== 'closed') this.#send(createResponse(delivery, { status }), nowMs)
    this.#settle(nowMs)
    return this.#decided()
  }

  /** Answers are awaited, then we unbind. */
  stop(nowMs: number): SessionAction<Submit>[] {
    this.#wantEnd({ cause: 'stopped', status: 0, detail: 'the gateway unbinds' }, nowMs)
    this.#settle(nowMs)
    return this.#decided()
  }

  expire(nowMs: number): SessionAction<Submit>[] {
    const { bindTimeoutMs, responseTimeoutMs } = this.#options
    if (this.#state === 'closed') return []
    if (this.#state === 'open' || this.#state === 'binding') {
      if (this.#openedMs + bindTimeoutMs <= nowMs) this.#close('bind-timeout', `not bound within ${bindTimeoutMs} ms`)
      return this.#decided()
    }
    this.#expireSubmits(nowMs)
    if (this.#expireEnquiry(nowMs)) this.#close('silent', `the SMSC said nothing for ${responseTimeoutMs} ms and more`)
    else if (this.#unbind && this.#unbind.sinceMs + responseTimeoutMs <= nowMs) this.#finish()
    else this.#keepAlive(nowMs)
    this.#settle(nowMs)
    return this.#decided()
  }

  /** The connection is gone: nothing that was written can be answered any more. */
  closed(detail: string): SessionAction<Submit>[] {
    if (this.#state !== 'closed') this.#close('connection-lost', detail)
    for (const awaited of this.#window.removeUntil()) this.#giveUp(awaited, 'connection-lost')
    return this.#decided()
  }

  #takePdu(pdu: Pdu, nowMs: number): void {
    switch (pdu.command) {
      case 'submit_sm_resp':
        this.#takeAnswer(pdu, nowMs)
        break
      case 'generic_nack':
        this.#takeNack(pdu, nowMs)
        break
      case 'deliver_sm':
      case 'data_sm':
        this.#takeDelivery(pdu, nowMs)
        break
      case 'enquire_link':
        this.#send(createResponse(pdu), nowMs)
        break
      case 'enquire_link_resp':
        if (pdu.sequence === this.#enquiry?.sequence) this.#enquiry = null
        break
      case 'unbind':
        this.#unbindOfSmsc = pdu
        this.#wantEnd({ cause: 'unbound-by-smsc', status: 0, detail: 'the SMSC unbinds' }, nowMs)
        break
      case 'unbind_resp':
        if (pdu.sequence === this.#unbind?.sequence) this.#finish()
        break
      case 'bind_transceiver_resp':
      case 'bind_transmitter_resp':
      case 'bind_receiver_resp':
        if (pdu.sequence === this.#bind?.sequence) this.#takeBindAnswer(pdu.status)
        break
      default:
        this.#takeOther(pdu, nowMs)
    }
  }

  #takeBindAnswer(status: number): void {
    if (this.#state !== 'binding') return
    this.#bind = null
    if (status === 0) {
      this.#state = 'bound'
      this.#actions.push({ kind: 'bound' })
    } else this.#close('refused', 'the SMSC refused the bind', status)
  }

  #takeAnswer(answer: SubmitAnswer, nowMs: number): void {
    const awaited = this.#window.remove(answer.sequence)
    if (awaited) {
      this.#trafficMs = nowMs
      this.#actions.push({ kind: 'answered', submit: awaited.submit, answer })
      if (answer.status !== COMMAND_STATUS.ESME_RINVBNDSTS.code) return
      this.#wantEnd({ cause: 'bind-forgotten', status: 0, detail: 'the SMSC takes us for not bound' }, nowMs)
    } else this.#note(this.#window.wasUsed(answer.sequence) ? 'late-answer' : 'unexpected-answer', answer.command)
  }

  /** A nack says that the SMSC is there, whatever it does not understand. */
  #takeNack(nack: PduOf<'generic_nack'>, nowMs: number): void {
    const { sequence, status } = nack
    if (sequence === this.#bind?.sequence) this.#takeBindAnswer(status)
    else if (sequence === this.#unbind?.sequence) this.#finish()
    else if (sequence === this.#enquiry?.sequence) this.#enquiry = null
    else this.#takeAnswer(nack, nowMs)
  }

  #takeDelivery(pdu: Delivery, nowMs: number): void {
    if (this.#state === 'bound' || this.#state === 'unbinding') {
      this.#deliveries++
      this.#trafficMs = nowMs
      this.#actions.push({ kind: 'delivery', pdu })
    } else this.#send(createResponse(pdu, { status: COMMAND_STATUS.ESME_RINVBNDSTS.code }), nowMs)
  }

  #takeOther(pdu: Pdu, nowMs: number): void {
    const isAnswer = pdu.command.endsWith('_resp')
    this.#note(isAnswer ? 'unexpected-answer' : 'unknown-request', pdu.command)
    // These two are answered by nothing (SMPP 3.4, 4.1.7 and 4.12).
    if (isAnswer || pdu.command === 'alert_notification' || pdu.command === 'outbind') return
    this.#nack(pdu.sequence, COMMAND_STATUS.ESME_RINVCMDID.code, nowMs)
  }

  #takeFault(fault: PduFault, nowMs: number): void {
    const { sequence, command, commandId, isFatal, detail } = fault
    this.#note('unreadable-pdu', detail)
    const answer = answerFault(fault)
    if (answer) this.#send(answer, nowMs)
    if (isFatal) this.#close('unreadable', detail)
    if (isFatal || commandId < RESPONSE_BIT) return
    // A refusal is read however its body looks, so what is unreadable here is a success (`decodePdu`).
    const awaited = command === 'submit_sm_resp' ? this.#window.remove(sequence) : undefined
    if (awaited) this.#actions.push({ kind: 'answered-unreadably', submit: awaited.submit, detail })
    else if (command?.startsWith('bind_') && sequence === this.#bind?.sequence) this.#takeBindAnswer(0)
    else if (this.#state === 'binding' && sequence === this.#bind?.sequence) this.#close('unreadable', detail)
  }

  #expireSubmits(nowMs: number): void {
    for (const awaited of this.#window.removeUntil(nowMs - this.#options.responseTimeoutMs)) {
      this.#isSuspect ||= awaited.wasWritten && this.#heardMs < awaited.sinceMs
      this.#giveUp(awaited, awaited.wasWritten ? 'no-answer' : 'not-written')
    }
  }

  /** Returns whether the SMSC said nothing since. */
  #expireEnquiry(nowMs: number): boolean {
    const enquiry = this.#enquiry
    if (!enquiry || enquiry.sinceMs + this.#options.responseTimeoutMs > nowMs) return false
    this.#enquiry = null
    this.#note('enquire-unanswered', 'enquire_link')
    return this.#heardMs < enquiry.sinceMs
  }

  #keepAlive(nowMs: number): void {
    const { enquireLinkMs, inactivityMs } = this.#options
    if (this.#state !== 'bound') return
    if (inactivityMs > 0 && this.#trafficMs + inactivityMs <= nowMs) {
      this.#wantEnd({ cause: 'inactive', status: 0, detail: `no traffic for ${inactivityMs} ms` }, nowMs)
    } else if (!this.#enquiry && (this.#isSuspect || Math.min(this.#heardMs, this.#sentMs) + enquireLinkMs <= nowMs)) {
      this.#enquiry = this.#ask(nowMs)
      this.#send(createPdu('enquire_link', this.#enquiry.sequence), nowMs)
    }
  }

  #wantEnd(end: SessionEnd, nowMs: number): void {
    if (this.#state === 'closed' || this.#state === 'unbinding') return
    this.#endWanted = end
    this.#endWantedMs = nowMs
    if (this.#state === 'bound') this.#state = 'unbinding'
    else this.#finish()
  }

  /** When nothing is open any more, or was for too long, the connection ends. */
  #settle(nowMs: number): void {
    if (this.#state !== 'unbinding') return
    const isOver = this.#endWantedMs + this.#options.responseTimeoutMs <= nowMs
    if (!isOver && (this.#window.inUse > 0 || this.#deliveries > 0)) return
    if (this.#unbindOfSmsc) {
      this.#send(createResponse(this.#unbindOfSmsc), nowMs)
      this.#finish()
    } else if (!this.#unbind) {
      this.#unbind = this.#ask(nowMs)
      this.#send(createPdu('unbind', this.#unbind.sequence), nowMs)
    }
  }

  #finish(): void {
    const { cause, detail } = this.#endWanted!
    this.#close(cause, detail)
  }

  #close(cause: SessionEnd['cause'], detail: string, status = 0): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    for (const awaited of this.#window.removeUnwritten()) this.#giveUp(awaited, cause)
    this.#actions.push({ kind: 'close', end: { cause, status, detail } })
  }

  #giveUp({ submit, wasWritten }: Awaited<Submit>, code: string): void {
    this.#actions.push({ kind: 'given-up', submit, wasWritten, code })
  }

  #note(oddity: Oddity, detail: string): void {
    this.#actions.push({ kind: 'noted', oddity, detail })
  }

  #nack(sequence: number, status: number, nowMs: number): void {
    this.#send(createPdu('generic_nack', sequence, { status }), nowMs)
  }

  #send(pdu: Pdu, nowMs: number): void {
    this.#sentMs = nowMs
    this.#actions.push({ kind: 'send', pdu })
  }

  #ask(nowMs: number): Asked {
    return { sequence: this.#window.nextSequence(), sinceMs: nowMs }
  }

  #decided(): SessionAction<Submit>[] {
    const actions = this.#actions
    this.#actions = []
    return actions
  }
}
