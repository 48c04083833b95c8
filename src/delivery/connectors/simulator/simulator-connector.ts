import { connect, type Socket } from 'node:net'
import { segment } from '../../../domain/text/segments.ts'
import {
  type FromSimulator,
  LineReader,
  type SimulatorAnswer,
  type SimulatorReceipt,
  writeLine,
} from '../../../operators/simulator-protocol.ts'
import { backoffMs } from '../../../runtime/backoff.ts'
import type { Connector, ConnectorEvents, OutgoingMessage, SubmitResult } from '../connector.ts'

export interface SimulatorConnectorOptions {
  readonly host: string
  readonly port: number
  readonly responseTimeoutMs: number
}

interface Awaited {
  readonly resolve: (result: SubmitResult) => void
  readonly deadlineMs: number
}

const SWEEP_MS = 100

/** The line to the simulator operator. */
export class SimulatorConnector implements Connector {
  readonly #options: SimulatorConnectorOptions
  readonly #events: ConnectorEvents
  /** By sequence number, and so in the order of their deadlines. */
  readonly #awaited = new Map<number, Awaited>()
  #socket: Socket | null = null
  #ready = false
  #seq = 0
  #failures = 0
  #outgoing = ''
  #sweep: NodeJS.Timeout | null = null
  #reconnect: NodeJS.Timeout | null = null
  #stopped = false

  constructor(options: SimulatorConnectorOptions, events: ConnectorEvents) {
    this.#options = options
    this.#events = events
  }

  get isReady(): boolean {
    return this.#ready
  }

  start(): void {
    this.#sweep = setInterval(() => this.#expire(Date.now()), SWEEP_MS)
    this.#connect()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#sweep) clearInterval(this.#sweep)
    if (this.#reconnect) clearTimeout(this.#reconnect)
    const socket = this.#socket
    if (!socket || socket.destroyed) return
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
      // What is still unwritten, an acknowledgement perhaps, goes out first.
      this.#flush()
      socket.end(() => socket.destroy())
    })
  }

  /** The simulator divides long messages itself. */
  partsOf(): number {
    return 1
  }

  submit({ ref, phone, sender, text }: OutgoingMessage): Promise<SubmitResult> {
    if (!this.#ready) return Promise.resolve({ kind: 'unsent', code: 'not-connected' })
    const seq = ++this.#seq
    const { segments } = segment(text)
    this.#write(writeLine({ op: 'submit', seq, ref, to: phone, from: sender, text, segments }))
    return new Promise((resolve) => {
      this.#awaited.set(seq, { resolve, deadlineMs: Date.now() + this.#options.responseTimeoutMs })
    })
  }

  /** Gathers what is written in one turn of the event loop into one packet. */
  #write(line: string): void {
    if (this.#outgoing === '') setImmediate(() => this.#flush())
    this.#outgoing += line
  }

  #flush(): void {
    const text = this.#outgoing
    this.#outgoing = ''
    if (text !== '' && this.#socket?.writable) this.#socket.write(text)
  }

  #connect(): void {
    const { host, port } = this.#options
    const socket = connect({ host, port, noDelay: true })
    const lines = new LineReader<FromSimulator>()
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.once('connect', () => {
      this.#failures = 0
      this.#setReady(true)
    })
    socket.on('data', (chunk: string) => {
      try {
        for (const message of lines.push(chunk)) this.#receive(message)
      } catch {
        socket.destroy()
      }
    })
    socket.on('error', () => {})
    socket.once('close', () => this.#disconnected())
  }

  #disconnected(): void {
    this.#setReady(false)
    this.#outgoing = ''
    for (const [seq, { resolve }] of this.#awaited) {
      this.#awaited.delete(seq)
      resolve({ kind: 'ambiguous', code: 'connection-lost' })
    }
    if (this.#stopped) return
    this.#failures++
    this.#reconnect = setTimeout(() => this.#connect(), backoffMs(this.#failures, 100, 5_000))
  }

  #setReady(ready: boolean): void {
    if (this.#ready === ready) return
    this.#ready = ready
    this.#events.readyChanged(ready)
  }

  #receive(message: FromSimulator): void {
    if (message.op === 'receipt') {
      this.#receipt(message)
      return
    }
    const awaited = this.#awaited.get(message.seq)
    this.#awaited.delete(message.seq)
    awaited?.resolve(resultOf(message))
  }

  #receipt({ id, status, code, at }: SimulatorReceipt): void {
    const receipt = { operatorMessageId: id, status, errorCode: code, at: new Date(at) }
    this.#events.receipt(receipt).then(
      () => this.#write(writeLine({ op: 'receipt-ack', id })),
      // Not acknowledged, so it comes again.
      () => {},
    )
  }

  #expire(nowMs: number): void {
    for (const [seq, { resolve, deadlineMs }] of this.#awaited) {
      if (deadlineMs > nowMs) return
      this.#awaited.delete(seq)
      resolve({ kind: 'ambiguous', code: 'no-answer' })
    }
  }
}

function resultOf(answer: SimulatorAnswer): SubmitResult {
  if ('id' in answer) return { kind: 'sent', operatorMessageId: answer.id }
  return { kind: answer.refusal, code: answer.code }
}
