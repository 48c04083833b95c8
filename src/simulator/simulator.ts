import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Log } from '../runtime/log.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { BindDesk } from './answer-binds.ts'
import { QueryDesk } from './answer-queries.ts'
import type { simulatorSettings } from './config.ts'
import { CurrentBehaviour } from './current-behaviour.ts'
import { ReceiptDesk } from './send-receipts.ts'
import { Session, type SessionEvents } from './session.ts'
import { readLedger, SubmissionLedger } from './submission-ledger.ts'
import { SubmitDesk } from './take-submits.ts'

const CONNECTIONS_MAX = 1_000
const SWEEP_MS = 250
/** An open session that does not bind. */
const BIND_TIMEOUT_MS = 10_000
/** A peer that does not read the last PDUs. */
const UNBIND_TIMEOUT_MS = 1_000

/** How the simulator is doing. */
export interface SimulatorCounts {
  readonly submits: number
  readonly receiptsOutstanding: number
  readonly binds: number
}

/**
 * A simulated SMSC: an SMPP 3.4 server that takes messages, answers, sends receipts and injects faults, as its
 * settings say. See `docs/operators/simulator.md`.
 */
export class Simulator implements Service {
  readonly name = 'simulator'
  readonly #settings: Values<typeof simulatorSettings>
  readonly #log: Log
  readonly #ledger: SubmissionLedger
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<Session>()
  readonly #receipts: ReceiptDesk
  readonly #behaviour: CurrentBehaviour
  readonly #submits: SubmitDesk
  readonly #binds: BindDesk
  readonly #queries: QueryDesk
  #sessionIds = 0
  #sweep: NodeJS.Timeout | null = null

  constructor(settings: Values<typeof simulatorSettings>, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#ledger = new SubmissionLedger(settings.SIMULATOR_LEDGER, (isFull) => this.#ledgerFull(isFull))
    this.#receipts = new ReceiptDesk({
      style: {
        form: settings.SIMULATOR_RECEIPT_FORM,
        idForm: settings.SIMULATOR_ID_RECEIPT,
        tlvIdForm: settings.SIMULATOR_ID_RECEIPT_TLV,
      },
      bind: settings.SIMULATOR_RECEIPT_BIND,
      retryMs: settings.SIMULATOR_RECEIPT_RETRY_MS,
      ledger: this.#ledger,
    })
    this.#behaviour = new CurrentBehaviour(settings, settings.SIMULATOR_BEHAVIOUR_FILE, log)
    this.#submits = new SubmitDesk({
      settings,
      behaviour: this.#behaviour,
      ledger: this.#ledger,
      receipts: this.#receipts,
    })
    this.#binds = new BindDesk(settings, this.#receipts)
    this.#queries = new QueryDesk(this.#receipts, settings.SIMULATOR_ID_ANSWER)
    this.#server = this.#createServer()
    this.#server.maxConnections = CONNECTIONS_MAX
    // Over TLS a connection exists before its session.
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get counts(): SimulatorCounts {
    const binds = [...this.#sessions].filter(({ binding }) => binding !== null).length
    return { submits: this.#submits.submits, receiptsOutstanding: this.#receipts.outstanding, binds }
  }

  async start(): Promise<void> {
    await this.#recallReceipts()
    this.#behaviour.start()
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port: this.#settings.SIMULATOR_PORT, host: this.#settings.SIMULATOR_HOST }, resolve)
    })
    this.#sweep = setInterval(() => this.#sweepSessions(Date.now()), SWEEP_MS)
    this.#log.info({ port: this.port, receipts: this.#receipts.outstanding }, 'simulator listening')
  }

  /** Unbinds its peers. Unanswered submits stay unanswered. */
  async stop(): Promise<void> {
    if (this.#sweep) clearInterval(this.#sweep)
    await this.#behaviour.stop()
    this.#binds.stop()
    this.#submits.stop()
    this.#receipts.stop()
    for (const session of this.#sessions) session.unbind()
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, UNBIND_TIMEOUT_MS)
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    clearTimeout(timer)
    this.#ledger.flush()
  }

  #ledgerFull(isFull: boolean): void {
    if (isFull) this.#log.error('ledger disk full; submits and receipts paused until space is freed')
    else {
      this.#log.info('ledger writes resumed')
      this.#receipts.resume()
    }
  }

  #createServer(): Server {
    const serve = (socket: Socket): void => this.#serve(socket)
    const { SIMULATOR_TLS_KEY_STORE: keyStore, SIMULATOR_TLS_PASSWORD: passphrase } = this.#settings
    if (keyStore === '') return createServer({ noDelay: true }, serve)
    return createTlsServer({ noDelay: true, pfx: readFileSync(keyStore), passphrase }, serve)
  }

  async #recallReceipts(): Promise<void> {
    for await (const entry of readLedger(this.#settings.SIMULATOR_LEDGER)) {
      if (entry.kind === 'receipt-acked') this.#receipts.forget(Number(entry.id))
      else this.#receipts.recall(entry)
    }
    this.#receipts.start()
  }

  #serve(socket: Socket): void {
    const { SIMULATOR_RECEIPT_WINDOW: receiptWindow, SIMULATOR_ENQUIRE_LINK } = this.#settings
    const options = {
      id: ++this.#sessionIds,
      receiptWindow,
      answersEnquireLink: SIMULATOR_ENQUIRE_LINK === 'answered',
    }
    this.#sessions.add(new Session(socket, options, this.#sessionEvents()))
  }

  #sessionEvents(): SessionEvents {
    return {
      bind: (session, pdu) => this.#binds.take(session, pdu),
      submit: (session, pdu) => this.#submits.take(session, pdu),
      query: (session, pdu) => this.#queries.take(session, pdu),
      acknowledged: (session, message, status) => this.#receipts.acknowledged(session, message, status),
      hasRoom: (session) => this.#receipts.hasRoom(session),
      closed: (session) => {
        this.#sessions.delete(session)
        this.#receipts.leave(session)
      },
    }
  }

  /** Checks links, and sends unacknowledged receipts again. */
  #sweepSessions(nowMs: number): void {
    const { SIMULATOR_ENQUIRE_LINK_MS: enquireMs, SIMULATOR_RECEIPT_RETRY_MS: retryMs } = this.#settings
    this.#ledger.flush()
    for (const session of this.#sessions) {
      if (session.binding === null) {
        if (nowMs - session.openedMs > BIND_TIMEOUT_MS) session.destroy()
        continue
      }
      this.#receipts.sendAgain(session.takeOverdue(nowMs - retryMs))
      if (enquireMs === 0) continue
      if (session.enquiredMs !== null) {
        if (nowMs - session.enquiredMs > enquireMs) session.destroy()
      } else if (nowMs - session.heardMs > enquireMs) {
        session.enquire(nowMs)
      }
    }
  }
}
