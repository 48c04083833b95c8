import { randomBytes } from 'node:crypto'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import {
  type FromSimulator,
  LineReader,
  type SimulatorReceipt,
  type SimulatorSubmit,
  type ToSimulator,
  writeLine,
} from '../operators/simulator-protocol.ts'
import type { Log } from '../runtime/log.ts'
import type { Service } from '../runtime/service.ts'
import type { Values } from '../runtime/settings.ts'
import { type Treatment, treat } from './behaviour.ts'
import type { simulatorSettings } from './config.ts'
import { DueQueue } from './due-queue.ts'
import { readLedger, SubmissionLedger, textHash } from './submission-ledger.ts'

const RECEIPT_RETRY_MS = 5_000

interface DueAnswer {
  readonly socket: Socket
  readonly submit: SimulatorSubmit
  readonly treatment: Treatment
}

/**
 * An operator that is not one: takes messages over TCP, answers and sends receipts as its settings say. Receipts go
 * to whichever connection is there, again and again until they are acknowledged, also after a restart.
 */
export class Simulator implements Service {
  readonly name = 'simulator'
  readonly #settings: Values<typeof simulatorSettings>
  readonly #log: Log
  readonly #ledger: SubmissionLedger
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #answers = new DueQueue<DueAnswer>((due) => this.#answer(due))
  readonly #receipts = new DueQueue<string>((due) => this.#sendReceipts(due))
  /** Receipts not acknowledged yet, by the operator's id. */
  readonly #outstanding = new Map<string, SimulatorReceipt>()
  /** Ids rise within a run; the prefix keeps those of two runs apart. */
  readonly #idPrefix = randomBytes(4).toString('hex')
  #ids = 0
  #second = 0
  #takenThisSecond = 0
  #turn = 0

  constructor(settings: Values<typeof simulatorSettings>, log: Log) {
    this.#settings = settings
    this.#log = log
    this.#ledger = new SubmissionLedger(settings.SIMULATOR_LEDGER)
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    await this.#recallReceipts()
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port: this.#settings.SIMULATOR_PORT, host: this.#settings.SIMULATOR_HOST }, resolve)
    })
    this.#log.info({ port: this.port, receipts: this.#outstanding.size }, 'the simulator takes messages')
  }

  async stop(): Promise<void> {
    this.#answers.stop()
    this.#receipts.stop()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#ledger.flush()
  }

  async #recallReceipts(): Promise<void> {
    for await (const entry of readLedger(this.#settings.SIMULATOR_LEDGER)) {
      if (entry.kind === 'receipt-acked') this.#outstanding.delete(entry.id)
      else if (entry.id) this.#outstanding.set(entry.id, receiptOf(entry.id, entry.delivered!, entry.receipt_due_ms!))
    }
    for (const id of this.#outstanding.keys()) this.#receipts.add(id, Date.now())
  }

  #serve(socket: Socket): void {
    const lines = new LineReader<ToSimulator>()
    this.#sockets.add(socket)
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      try {
        for (const message of lines.push(chunk)) this.#take(socket, message)
      } catch (error) {
        this.#log.warn({ err: error }, 'a connection sent garbage and was closed')
        socket.destroy()
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #take(socket: Socket, message: ToSimulator): void {
    if (message.op === 'receipt-ack') {
      if (this.#outstanding.delete(message.id)) this.#ledger.add({ kind: 'receipt-acked', id: message.id })
      return
    }
    const treatment = treat(this.#settings, messageOf(message.ref), message.ref)
    this.#answers.add({ socket, submit: message, treatment }, Date.now() + treatment.latencyMs)
  }

  /** Decides over submits, writes all of it down, and only then answers. */
  #answer(due: readonly DueAnswer[]): void {
    const answers = due.map(({ socket, submit, treatment }) => ({ socket, answer: this.#decide(submit, treatment) }))
    this.#ledger.flush()
    const lines = new Map<Socket, string>()
    for (const { socket, answer } of answers) {
      if (answer) lines.set(socket, (lines.get(socket) ?? '') + writeLine(answer))
    }
    for (const [socket, text] of lines) if (!socket.destroyed) socket.write(text)
  }

  /** The answer, or null for one that is to be lost. */
  #decide(submit: SimulatorSubmit, { result: wanted, delivered, receiptDelayMs }: Treatment): FromSimulator | null {
    const nowMs = Date.now()
    const result = this.#isOverRate(nowMs) ? 'throttled' : wanted
    const isTaken = result === 'taken' || result === 'taken-unanswered'
    const id = isTaken ? `${this.#idPrefix}-${(++this.#ids).toString(36)}` : null
    const dueMs = nowMs + receiptDelayMs
    this.#ledger.add({
      kind: 'submit',
      at: new Date(nowMs).toISOString(),
      ref: submit.ref,
      to: submit.to,
      text_sha256: textHash(submit.text),
      segments: submit.segments,
      result,
      id,
      delivered: isTaken ? delivered : null,
      receipt_due_ms: isTaken ? dueMs : null,
    })
    if (id === null) {
      return { op: 'answer', seq: submit.seq, refusal: result as 'temporary' | 'throttled' | 'rejected', code: result }
    }
    this.#outstanding.set(id, receiptOf(id, delivered, dueMs))
    this.#receipts.add(id, dueMs)
    return result === 'taken' ? { op: 'answer', seq: submit.seq, id } : null
  }

  #isOverRate(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#takenThisSecond = 0
    }
    const limit = this.#settings.SIMULATOR_RATE_PER_SECOND
    return limit > 0 && ++this.#takenThisSecond > limit
  }

  #sendReceipts(due: readonly string[]): void {
    const sockets = [...this.#sockets]
    const retryAtMs = Date.now() + RECEIPT_RETRY_MS
    this.#ledger.flush()
    const lines = new Map<Socket, string>()
    for (const id of due) {
      const receipt = this.#outstanding.get(id)
      if (!receipt) continue
      this.#receipts.add(id, retryAtMs)
      const socket = sockets[this.#turn++ % sockets.length]
      if (socket) lines.set(socket, (lines.get(socket) ?? '') + writeLine(receipt))
    }
    for (const [socket, text] of lines) socket.write(text)
  }
}

function receiptOf(id: string, delivered: boolean, atMs: number): SimulatorReceipt {
  const at = new Date(atMs).toISOString()
  return { op: 'receipt', id, status: delivered ? 'delivered' : 'failed', code: delivered ? null : 'undelivered', at }
}

/** A ref is `<message>.<attempt>`. */
function messageOf(ref: string): string {
  return ref.split('.')[0]!
}
