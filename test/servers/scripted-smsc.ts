import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'
import { encodePdu } from '../../src/smpp/encode-pdu.ts'
import { createResponse, type Pdu, type PduOf } from '../../src/smpp/pdu.ts'
import { PduReader } from '../../src/smpp/pdu-reader.ts'

/** A connection to the scripted SMSC. */
export interface ScriptedLink {
  /** What came, in order. */
  readonly pdus: readonly Pdu[]
  send(...pdus: Pdu[]): void
  sendBytes(bytes: Buffer): void
  /** Cuts the connection without a word. */
  cut(): void
  /** Reads no more. */
  pause(): void
  resume(): void
}

/** Takes a PDU itself, if it returns true; else it is answered as a peaceful SMSC would. */
export type Script = (pdu: Pdu, link: ScriptedLink) => boolean

/** An SMSC that does what a test scripts, also what no honest one does. */
export class ScriptedSmsc {
  readonly links: ScriptedLink[] = []
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  readonly #script: Script
  #messages = 0

  private constructor(script: Script, tls?: TlsOptions) {
    this.#script = script
    const serve = (socket: Socket): void => this.#serve(socket)
    this.#server = tls ? createTlsServer(tls, serve) : createServer(serve)
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /** Listens on any free port if none is given. */
  static async start(script: Script = () => false, tls?: TlsOptions, port = 0): Promise<ScriptedSmsc> {
    const smsc = new ScriptedSmsc(script, tls)
    await new Promise<void>((resolve) => smsc.#server.listen(port, '127.0.0.1', resolve))
    return smsc
  }

  get address(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the SMSC is not listening')
    return `127.0.0.1:${address.port}`
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size
  }

  /** All that came of one command, over all connections. */
  received<C extends Pdu['command']>(command: C): PduOf<C>[] {
    return this.links.flatMap(({ pdus }) => pdus.filter((pdu): pdu is Pdu & PduOf<C> => pdu.command === command))
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    const reader = new PduReader()
    const pdus: Pdu[] = []
    const link: ScriptedLink = {
      pdus,
      send: (...sent) => socket.write(Buffer.concat(sent.map(encodePdu))),
      sendBytes: (bytes) => socket.write(bytes),
      cut: () => socket.destroy(),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
    }
    this.links.push(link)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const reading of reader.push(chunk)) {
        if (reading.kind === 'fault') throw new Error(`the gateway sent what is no PDU: ${reading.detail}`)
        pdus.push(reading.pdu)
        if (!this.#script(reading.pdu, link)) this.#answer(reading.pdu, link)
      }
    })
  }

  #answer(pdu: Pdu, link: ScriptedLink): void {
    switch (pdu.command) {
      case 'bind_transceiver':
      case 'bind_transmitter':
      case 'bind_receiver':
        link.send(createResponse(pdu, { systemId: 'scripted' }))
        break
      case 'submit_sm':
        link.send(createResponse(pdu, { messageId: `${++this.#messages}` }))
        break
      case 'enquire_link':
      case 'unbind':
        link.send(createResponse(pdu))
    }
  }
}

/** The `esm_class` of a delivery receipt. */
export const RECEIPT_ESM_CLASS = 0x04

/** A scripted SMSC that stops when the test ends. */
export async function scripted(script?: Script, tls?: TlsOptions): Promise<ScriptedSmsc> {
  const smsc = await ScriptedSmsc.start(script, tls)
  onTestFinished(() => smsc.stop())
  return smsc
}
