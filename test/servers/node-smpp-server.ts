import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import smpp, { type PackagePdu, type Session } from 'smpp'

const INVALID_PASSWORD = 0x0e
const DELIVERED = 2

export interface NodeSmppServerOptions {
  /** Speak TLS, with a key and a certificate in PKCS #12. */
  readonly tls?: { readonly pfx: Buffer; readonly passphrase: string }
}

/**
 * The npm package `smpp` as an SMSC. Takes binds with `NodeSmppServer.credentials`, names each submit_sm, and sends a
 * receipt, as text and in TLVs, to the session that asked for one.
 */
export class NodeSmppServer {
  static readonly credentials = { systemId: 'smsgw', password: 'secret' }
  /** Every submit_sm as the package decodes it, in order. */
  readonly submitted: PackagePdu[] = []
  /** Every deliver_sm_resp. */
  readonly acknowledged: PackagePdu[] = []
  readonly #server: Server
  readonly #sessions = new Set<Session>()

  private constructor({ tls }: NodeSmppServerOptions) {
    // The package speaks TLS when it is given a key and a certificate; these are lists, as what counts is in the store.
    this.#server = smpp.createServer(tls ? { key: [], cert: [], ...tls } : {}, (session) => {
      this.#sessions.add(session)
      session.on('close', () => this.#sessions.delete(session))
      // What it cannot parse; without a listener it would end our process.
      session.on('error', () => session.destroy())
      session.on('pdu', (pdu) => this.#answer(session, pdu))
    })
  }

  static async start(options: NodeSmppServerOptions = {}): Promise<NodeSmppServer> {
    const started = new NodeSmppServer(options)
    started.#server.listen(0, '127.0.0.1')
    await once(started.#server, 'listening')
    return started
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many connections it has, bound or not. */
  get sessions(): number {
    return this.#sessions.size
  }

  /** Breaks all connections; the server stays. */
  dropSessions(): void {
    for (const session of this.#sessions) session.destroy()
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.dropSessions()
    await closed
  }

  #answer(session: Session, pdu: PackagePdu): void {
    const { systemId, password } = NodeSmppServer.credentials
    if (pdu.command.endsWith('_resp')) {
      if (pdu.command === 'deliver_sm_resp') this.acknowledged.push(pdu)
    } else if (pdu.command.startsWith('bind_')) {
      const isKnown = pdu.system_id === systemId && pdu.password === password
      session.send(pdu.response(isKnown ? { system_id: 'node-smpp' } : { command_status: INVALID_PASSWORD }))
    } else if (pdu.command === 'submit_sm') {
      this.submitted.push(pdu)
      const messageId = `n${this.submitted.length}`
      session.send(pdu.response({ message_id: messageId }))
      if (pdu.registered_delivery === 1) sendReceipt(session, pdu, messageId)
    } else {
      session.send(pdu.response())
      if (pdu.command === 'unbind') session.close()
    }
  }
}

function sendReceipt(session: Session, submit: PackagePdu, messageId: string): void {
  session.deliver_sm({
    source_addr_ton: submit.dest_addr_ton,
    source_addr_npi: submit.dest_addr_npi,
    source_addr: submit.destination_addr,
    dest_addr_ton: submit.source_addr_ton,
    dest_addr_npi: submit.source_addr_npi,
    destination_addr: submit.source_addr,
    esm_class: 4,
    short_message: `id:${messageId} sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000 text:`,
    receipted_message_id: messageId,
    message_state: DELIVERED,
  })
}
