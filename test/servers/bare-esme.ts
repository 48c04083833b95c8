import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { PduFault } from '../../src/smpp/decode-pdu.ts'
import { encodePdu } from '../../src/smpp/encode-pdu.ts'
import { createPdu, createResponse, type Pdu, type PduOf } from '../../src/smpp/pdu.ts'
import { PduReader } from '../../src/smpp/pdu-reader.ts'

const WAIT_MS = 20_000

type SubmitFields = Partial<Omit<PduOf<'submit_sm'>, 'command' | 'sequence'>>

/** A peer of an SMSC with nothing of the gateway's connector: it writes PDUs, and keeps what comes. */
export class BareEsme {
  readonly received: Pdu[] = []
  readonly faults: PduFault[] = []
  acknowledgesReceipts = true
  isClosed = false
  readonly #socket: Socket
  readonly #reader = new PduReader({ pduOctetsMax: 65_536 })
  readonly #waiting = new Set<() => void>()
  #sequence = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      for (const reading of this.#reader.push(chunk)) {
        if (reading.kind === 'fault') this.faults.push(reading)
        else this.#take(reading.pdu)
      }
      this.#look()
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      this.isClosed = true
      this.#look()
    })
  }

  /** `ca`: speaks TLS, and trusts that authority alone. */
  static async open(port: number, ca?: Buffer): Promise<BareEsme> {
    const address = { port, host: '127.0.0.1', noDelay: true }
    const socket = ca ? connectTls({ ...address, ca }) : connect(address)
    await new Promise<void>((resolve, reject) => {
      socket.once(ca ? 'secureConnect' : 'connect', resolve)
      socket.once('error', reject)
    })
    return new BareEsme(socket)
  }

  /** Opens a connection and binds. */
  static async bind(
    port: number,
    command: 'bind_transceiver' | 'bind_transmitter' | 'bind_receiver' = 'bind_transceiver',
    systemId = 'gateway',
    password = '',
  ): Promise<BareEsme> {
    const esme = await BareEsme.open(port)
    await esme.ask(createPdu(command, esme.nextSequence(), { systemId, password, interfaceVersion: 0x34 }))
    return esme
  }

  get receipts(): PduOf<'deliver_sm'>[] {
    return this.received.filter((pdu) => pdu.command === 'deliver_sm')
  }

  nextSequence(): number {
    return ++this.#sequence
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  send(pdu: Pdu): void {
    this.write(encodePdu(pdu))
  }

  /** Sends a submit; returns its sequence number. */
  submit(fields: SubmitFields = {}): number {
    const sequence = this.nextSequence()
    this.send(
      createPdu('submit_sm', sequence, {
        sourceAddrTon: 5,
        sourceAddr: 'smsgw',
        destAddrTon: 1,
        destAddrNpi: 1,
        destinationAddr: '989121234567',
        registeredDelivery: 1,
        shortMessage: Buffer.from('Hello'),
        ...fields,
      }),
    )
    return sequence
  }

  /** Sends a request and waits for what comes under its sequence number. */
  async ask(request: Pdu): Promise<Pdu> {
    this.send(request)
    return (await this.answerTo(request.sequence))!
  }

  async submitAndWait(fields: SubmitFields = {}): Promise<Pdu> {
    return (await this.answerTo(this.submit(fields)))!
  }

  /** Undefined when the connection ended before. */
  async answerTo(sequence: number): Promise<Pdu | undefined> {
    await this.until(() => this.answerUnder(sequence) !== undefined || this.isClosed)
    return this.answerUnder(sequence)
  }

  /** Resolves when it holds, looked at whenever something has come; throws if it does not in time. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look)
        reject(new Error('what was waited for did not come'))
      }, WAIT_MS)
      const look = (): void => {
        if (!holds()) return
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  answerUnder(sequence: number): Pdu | undefined {
    return this.received.find((pdu) => pdu.command.match(/_resp$|nack$/) !== null && pdu.sequence === sequence)
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(pdu: Pdu): void {
    this.received.push(pdu)
    if (pdu.command === 'deliver_sm' && this.acknowledgesReceipts) this.send(createResponse(pdu))
    if (pdu.command === 'enquire_link' && this.acknowledgesReceipts) this.send(createResponse(pdu))
  }

  #look(): void {
    for (const look of [...this.#waiting]) look()
  }
}
