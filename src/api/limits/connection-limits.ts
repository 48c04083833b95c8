import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Metrics } from '../../runtime/metrics.ts'
import { addressBlock } from './address-block.ts'
import type { ProxyList } from './trusted-proxies.ts'

export interface ConnectionLimitOptions {
  readonly connectionsMax: number
  /** Not for trusted proxies, which carry the connections of others. */
  readonly connectionsPerAddressMax: number
  readonly proxies: ProxyList
}

/** Requests that may be under way on one connection: one, unless a client pipelines. */
const PIPELINED_MAX = 8
/** Connections that may still be closing while the next ones come. */
const CLOSING_MAX = 256

/** Connections of one address that have not yet shown a valid key, the oldest first, and how many it has at all. */
interface Address {
  readonly strangers: Set<Socket>
  open: number
}

/**
 * Bounds connections, in total and of each address. When there are too many, the one that has been open for longest
 * without ever showing a valid key makes room for the new one; so strangers push each other out, and never a customer.
 */
export class ConnectionLimits {
  readonly #options: ConnectionLimitOptions
  readonly #strangers = new Set<Socket>()
  readonly #addresses = new Map<string, Address>()
  readonly #underWay = new WeakMap<Socket, number>()
  readonly #refused: (limit: string) => void
  #open = 0

  constructor(options: ConnectionLimitOptions, metrics: Metrics) {
    this.#options = options
    metrics.gauge('smsgw_http_connections', 'Open connections to the public API', () => this.#open)
    const refused = metrics.counter('smsgw_http_connections_closed_total', 'Connections closed because of a limit', [
      'limit',
    ])
    this.#refused = (limit) => refused.inc({ limit })
  }

  get open(): number {
    return this.#open
  }

  attach(server: Server): void {
    // Those that make room are closed a moment later; beyond that Node does not accept more.
    server.maxConnections = this.#options.connectionsMax + CLOSING_MAX
    server.on('connection', (socket) => this.#add(socket))
  }

  /** Whether the request is to be handled; its connection is closed if it has too many under way. */
  begin(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request
    // Node goes on to parse what a closed connection had sent.
    if (socket.destroyed) return false
    const underWay = (this.#underWay.get(socket) ?? 0) + 1
    this.#underWay.set(socket, underWay)
    if (underWay > PIPELINED_MAX) {
      this.#refused('pipelined')
      socket.destroy()
      return false
    }
    response.once('close', () => this.#underWay.set(socket, this.#underWay.get(socket)! - 1))
    return true
  }

  /** The connection belongs to a customer: it is not closed to make room. */
  trust(socket: Socket): void {
    if (!this.#strangers.delete(socket)) return
    this.#addresses.get(addressBlock(socket.remoteAddress ?? ''))?.strangers.delete(socket)
  }

  #add(socket: Socket): void {
    const block = addressBlock(socket.remoteAddress ?? '')
    const address = this.#addresses.get(block) ?? { strangers: new Set(), open: 0 }
    this.#addresses.set(block, address)
    this.#open++
    address.open++
    this.#strangers.add(socket)
    address.strangers.add(socket)
    socket.once('close', () => {
      this.#open--
      this.#strangers.delete(socket)
      address.strangers.delete(socket)
      if (--address.open === 0) this.#addresses.delete(block)
    })
    const { connectionsMax, connectionsPerAddressMax, proxies } = this.#options
    if (address.open > connectionsPerAddressMax && !proxies.has(socket.remoteAddress ?? '')) {
      this.#makeRoom(address.strangers, 'address')
    } else if (this.#open > connectionsMax) this.#makeRoom(this.#strangers, 'total')
  }

  /** The oldest stranger goes; that is the new one if all others are customers. */
  #makeRoom(strangers: ReadonlySet<Socket>, limit: string): void {
    const oldest = strangers.values().next().value
    this.#refused(limit)
    oldest?.destroy()
  }
}
