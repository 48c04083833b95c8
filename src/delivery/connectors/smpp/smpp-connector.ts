import type { ConnectionOptions } from 'node:tls'
import { COMMAND_STATUS } from '../../../smpp/command-status.ts'
import { encodePdu } from '../../../smpp/encode-pdu.ts'
import { readTlv } from '../../../smpp/tlv.ts'
import { refusedAs, takenAs, unidentified } from '../clean-answer.ts'
import {
  type Connector,
  type ConnectorEvents,
  type OutgoingMessage,
  type SubmitResult,
  UnpublishedReceiptError,
} from '../connector.ts'
import { canonicalMessageId } from './canonical-message-id.ts'
import { StatusClasses, statusCode } from './classify-status.ts'
import { type BindKind, composeBind } from './compose-bind.ts'
import { ComposeError, SubmitComposer } from './compose-submit.ts'
import { LastingBind } from './lasting-bind.ts'
import { DeliveryReader, userDataOf } from './read-delivery.ts'
import { digestOf } from './read-incoming.ts'
import { RepeatedDeliveries } from './repeated-deliveries.ts'
import type { Delivery, SubmitAnswer } from './session-actions.ts'
import type { SocketAddress, WireSubmit } from './session-socket.ts'
import type { SmppObserver } from './smpp-observer.ts'
import type { CompleteSmppSettings } from './smpp-settings.ts'

export interface SmppConnectorOptions {
  readonly settings: CompleteSmppSettings
  readonly addresses: readonly SocketAddress[]
  readonly password: string
  readonly tls: ConnectionOptions | null
  /** Submits that may await their answer at once; the transmitting binds share it. */
  readonly window: number
  readonly responseTimeoutMs: number
}

interface Submit extends WireSubmit {
  readonly resolve: (result: SubmitResult) => void
}

type Bind = LastingBind<Submit>

const TICK_MS = 100
/** Receipts and messages that the gateway is storing; the SMSC is to send more of them again. */
const STORING_MAX = 20_000
/** Long messages whose later parts are to follow the first. */
const FOLLOWED_MAX = 10_000
const { ESME_ROK, ESME_RX_T_APPN } = COMMAND_STATUS

/**
 * An operator account at an SMSC, over as many binds as its settings say. Ready while a bind that transmits is bound,
 * and one that receives: without it receipts would pile up at the SMSC, which keeps them for a limited time. They come
 * by whichever bind the SMSC likes.
 */
export class SmppConnector implements Connector {
  readonly callbackDoor = null
  readonly #options: SmppConnectorOptions
  readonly #events: ConnectorEvents
  readonly #observer: SmppObserver
  readonly #composer: SubmitComposer
  readonly #classes: StatusClasses
  readonly #reader: DeliveryReader
  readonly #repeated = new RepeatedDeliveries()
  readonly #transmitting: readonly Bind[]
  readonly #receiving: readonly Bind[]
  readonly #binds: readonly Bind[]
  /** By message, the bind of its parts so far. Oldest first. */
  readonly #followed = new Map<number, Bind>()
  #storing = 0
  /** Of the transmitting binds, the one that is asked first next. */
  #first = 0
  #ready = false
  #stopping = false
  #timer: NodeJS.Timeout | null = null

  constructor(options: SmppConnectorOptions, events: ConnectorEvents, observer: SmppObserver) {
    this.#options = options
    this.#events = events
    this.#observer = observer
    this.#composer = new SubmitComposer(options.settings)
    this.#classes = new StatusClasses(options.settings.errors)
    this.#reader = new DeliveryReader(options.settings)
    const { bind, binds } = options.settings
    const make = (kind: BindKind): Bind[] => Array.from({ length: binds }, (_, index) => this.#bind(kind, index))
    this.#transmitting = make(bind === 'pair' ? 'transmitter' : 'transceiver')
    this.#receiving = bind === 'pair' ? make('receiver') : this.#transmitting
    this.#binds = [...new Set([...this.#transmitting, ...this.#receiving])]
  }

  get isReady(): boolean {
    return this.#ready
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(Date.now()), TICK_MS)
    for (const bind of this.#binds) bind.start()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#changed()
    await Promise.all(this.#binds.map((bind) => bind.stop()))
    if (this.#timer) clearInterval(this.#timer)
    this.#observer.closed()
  }

  partsOf(message: OutgoingMessage): number {
    return this.#composer.partsOf(message)
  }

  submit(message: OutgoingMessage, part: number): Promise<SubmitResult> {
    const bind = this.#ready ? this.#bindFor(message, part) : null
    if (!bind) return Promise.resolve(refusedAs('unsent', 'not-connected'))
    const sinceMs = Date.now()
    let frame: Buffer
    try {
      frame = encodePdu(this.#composer.compose(message, part, sinceMs))
    } catch (error) {
      if (!(error instanceof ComposeError || error instanceof RangeError)) throw error
      return Promise.resolve(refusedAs('rejected', error instanceof ComposeError ? error.code : 'field-too-long'))
    }
    return new Promise((resolve) => bind.submit({ frame, sinceMs, resolve }))
  }

  /** Parts of a message go where its first went, one behind the other; messages where the least is waiting. */
  #bindFor(message: OutgoingMessage, part: number): Bind | null {
    const first = this.#followed.get(message.smsId)
    const bind = part > 1 && first?.isReady ? first : this.#leastLoaded()
    const isLast = part >= this.partsOf(message)
    this.#followed.delete(message.smsId)
    if (bind && !isLast) this.#followed.set(message.smsId, bind)
    if (this.#followed.size > FOLLOWED_MAX) this.#followed.delete(this.#followed.keys().next().value!)
    return bind
  }

  /** Of several that are, round-robin. */
  #leastLoaded(): Bind | null {
    this.#first = (this.#first + 1) % this.#transmitting.length
    const inOrder = [...this.#transmitting.slice(this.#first), ...this.#transmitting.slice(0, this.#first)]
    const ready = inOrder.filter((bind) => bind.isReady)
    return ready.reduce<Bind | null>((best, bind) => (best && best.load <= bind.load ? best : bind), null)
  }

  #bind(kind: BindKind, index: number): Bind {
    const { settings, addresses, password, tls, window, responseTimeoutMs } = this.#options
    const { binds } = settings
    const share = Math.floor(window / binds) + (index < window % binds ? 1 : 0)
    return new LastingBind<Submit>(
      {
        name: `${kind} ${index + 1}`,
        addresses,
        tls,
        limits: settings,
        session: {
          bind: (sequence) => composeBind(kind, sequence, settings, password),
          window: Math.max(1, share),
          bindTimeoutMs: settings.bind_timeout_ms,
          responseTimeoutMs,
          enquireLinkMs: settings.enquire_link_ms,
          inactivityMs: settings.inactivity_ms,
        },
      },
      {
        answered: (submit, answer) => this.#answered(submit, answer),
        answeredUnreadably: (submit, detail) => submit.resolve(unidentified('answer-unreadable', detail)),
        givenUp: (submit, wasWritten, code) => submit.resolve(refusedAs(wasWritten ? 'ambiguous' : 'unsent', code)),
        delivery: (pdu, respond, connection) => this.#deliver(pdu, respond, connection),
        changed: () => this.#changed(),
      },
      this.#observer,
    )
  }

  #answered({ sinceMs, resolve }: Submit, answer: SubmitAnswer): void {
    const { status } = answer
    this.#observer.answered(statusCode(status), (Date.now() - sinceMs) / 1_000)
    if (status !== ESME_ROK.code || answer.command === 'generic_nack') {
      // A TLV of SMPP 5.0, which SMSCs also send in answers of 3.4.
      const words = readTlv(answer.tlvs, 'additional_status_info_text')
      resolve(refusedAs(this.#classes.classOf(status), statusCode(status), words))
      return
    }
    const { messageId } = answer
    const id = canonicalMessageId(messageId, this.#options.settings.message_id.answer)
    resolve(takenAs(id, 'answer-without-id', `submit_sm_resp, status 0, message_id ${JSON.stringify(messageId)}`))
  }

  #deliver(pdu: Delivery, respond: (status: number) => boolean, connection: object): void {
    const reading = this.#reader.read(pdu, new Date())
    this.#observer.delivered(reading.kind)
    if (reading.kind === 'unreadable') this.#events.oddReceipt({ operatorMessageId: reading.id, words: reading.words })
    if (reading.kind === 'unreadable' || reading.kind === 'intermediate') {
      respond(ESME_ROK.code)
      return
    }
    const digest = digestOf(pdu, userDataOf(pdu))
    const isRepetition = this.#repeated.arrived(connection, pdu.sequence, digest)
    const store =
      reading.kind === 'receipt'
        ? () => this.#events.receipt({ ...reading.receipt, isRepetition })
        : () => this.#events.incoming({ ...reading.message, isRepetition })
    if (this.#storing >= STORING_MAX) respond(ESME_RX_T_APPN.code)
    else void this.#store(store, digest, respond)
  }

  /** The SMSC sends again what is answered by an error, and what it got no answer to. */
  async #store(store: () => Promise<void>, digest: string, respond: (status: number) => boolean): Promise<void> {
    this.#storing++
    try {
      await store()
      if (!respond(ESME_ROK.code)) this.#repeated.unacknowledged(digest)
    } catch (error) {
      if (error instanceof UnpublishedReceiptError) this.#repeated.unacknowledged(digest)
      respond(ESME_RX_T_APPN.code)
    } finally {
      this.#storing--
    }
  }

  #changed(): void {
    const isReady =
      !this.#stopping && this.#transmitting.some((bind) => bind.isReady) && this.#receiving.some((bind) => bind.isBound)
    if (isReady === this.#ready) return
    this.#ready = isReady
    this.#events.readyChanged(isReady)
  }

  #tick(nowMs: number): void {
    for (const bind of this.#binds) bind.tick(nowMs)
    this.#measure()
  }

  #measure(): void {
    const sum = (pick: (bind: Bind) => number): number => this.#binds.reduce((total, bind) => total + pick(bind), 0)
    this.#observer.measured({
      binds: this.#binds.length,
      bound: sum((bind) => (bind.isBound ? 1 : 0)),
      inWindow: sum((bind) => bind.inWindow),
      waiting: sum((bind) => bind.waiting),
    })
  }
}
