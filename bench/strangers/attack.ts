import { createConnection, type Socket } from 'node:net'
import { ATTACKS, type Attack } from './attacks.ts'

export interface AttackOptions {
  readonly api: string
  /** A name in `ATTACKS`. */
  readonly attack: string
  readonly key: string
  readonly seconds: number
}

/** What an attacker saw. */
export interface AttackResult {
  /** By status. */
  readonly answers: Record<string, number>
  /** Connections that were opened, and those that ended by themselves. */
  readonly opened: number
  readonly closed: number
  readonly sentBytes: number
  readonly receivedBytes: number
}

/** After a connection was refused or closed: an attacker that spins would only take the machine's time. */
const RECONNECT_MS = 50
const DRIP_MS = 1_000
const POURED = Buffer.alloc(65_536, 'x')

/** Attacks the API for a while. Never throws: whatever becomes of its connections, it opens others. */
export async function attackApi(options: AttackOptions, stopped: AbortSignal): Promise<AttackResult> {
  const attacker = new Attacker(options, ATTACKS[options.attack]!)
  attacker.start()
  await new Promise<void>((resolve) => {
    setTimeout(resolve, options.seconds * 1_000)
    stopped.addEventListener('abort', () => resolve(), { once: true })
  })
  return attacker.stop()
}

class Attacker {
  readonly #options: AttackOptions
  readonly #attack: Attack
  readonly #next: () => Buffer
  readonly #sockets = new Set<Socket>()
  readonly #answers: Record<string, number> = {}
  #opened = 0
  #closed = 0
  #sentBytes = 0
  #receivedBytes = 0
  #isStopping = false

  constructor(options: AttackOptions, attack: Attack) {
    this.#options = options
    this.#attack = attack
    this.#next = attack.requests(options.key)
  }

  start(): void {
    for (let n = 0; n < this.#attack.connections; n++) this.#open()
  }

  stop(): AttackResult {
    this.#isStopping = true
    for (const socket of this.#sockets) socket.destroy()
    return {
      answers: this.#answers,
      opened: this.#opened,
      closed: this.#closed,
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
    }
  }

  #open(): void {
    if (this.#isStopping) return
    const { hostname: host, port } = new URL(this.#options.api)
    const socket = createConnection({ host, port: Number(port), noDelay: true })
    let drip: NodeJS.Timeout | null = null
    this.#sockets.add(socket)
    socket.on('connect', () => {
      this.#opened++
      this.#send(socket)
      if (this.#attack.manner === 'drip') drip = setInterval(() => this.#write(socket, Buffer.from('x')), DRIP_MS)
      if (this.#attack.manner === 'pour') this.#pour(socket)
    })
    const reader = new AnswerReader((status) => {
      this.#answers[status] = (this.#answers[status] ?? 0) + 1
      if (this.#attack.manner === 'ask') this.#send(socket)
    })
    socket.on('data', (bytes: Buffer) => {
      this.#receivedBytes += bytes.length
      reader.read(bytes)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (drip) clearInterval(drip)
      this.#sockets.delete(socket)
      if (this.#isStopping) return
      this.#closed++
      setTimeout(() => this.#open(), RECONNECT_MS)
    })
  }

  #send(socket: Socket): void {
    this.#write(socket, this.#next())
  }

  #pour(socket: Socket): void {
    while (!socket.destroyed && this.#write(socket, POURED));
    if (!socket.destroyed) socket.once('drain', () => this.#pour(socket))
  }

  #write(socket: Socket, bytes: Buffer): boolean {
    if (socket.destroyed) return false
    this.#sentBytes += bytes.length
    return socket.write(bytes)
  }
}

/** Finds where answers with a Content-Length begin and end, without keeping them. */
class AnswerReader {
  readonly #answered: (status: string) => void
  #head = ''
  #bodyLeft = 0

  constructor(answered: (status: string) => void) {
    this.#answered = answered
  }

  read(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      const skipped = Math.min(this.#bodyLeft, bytes.length - at)
      at += skipped
      this.#bodyLeft -= skipped
      if (at === bytes.length) break
      const end = this.#head.length
      this.#head += bytes.toString('latin1', at)
      const headEnd = this.#head.indexOf('\r\n\r\n')
      if (headEnd < 0) break
      at += headEnd + 4 - end
      this.#bodyLeft = Number(/content-length: (\d+)/i.exec(this.#head.slice(0, headEnd))?.[1] ?? 0)
      const status = this.#head.slice(9, 12)
      this.#head = ''
      this.#answered(status)
    }
  }
}
