import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { commitAt } from './find-commit.ts'

/**
 * What the proxy does to what passes through it.
 * - `open`: nothing.
 * - `stalled`: a partition. Connections stay open, new ones are taken, and nothing passes in the directions named.
 *   What was on its way arrives when it heals, as TCP would have it.
 * - `cut-commits`: a COMMIT reaches the server, and the client's connection breaks before it hears the answer.
 * - `delay-commits`: a COMMIT reaches the server only after a while.
 */
export type ProxyMode =
  | { readonly kind: 'open' }
  | { readonly kind: 'stalled'; readonly toServer: boolean; readonly toClient: boolean }
  | { readonly kind: 'cut-commits' }
  | { readonly kind: 'delay-commits'; readonly delayMs: number }

export const OPEN: ProxyMode = { kind: 'open' }

/** The tag with which PostgreSQL says that a transaction is committed. */
const COMMITTED = 'COMMIT\0'
const COMMIT_MS_MAX = 10_000

interface Link {
  readonly client: Socket
  readonly server: Socket
}

/** A proxy between one process and one server, so that their connection alone can be broken. */
export class TcpProxy {
  readonly #targetPort: () => number
  readonly #listener: Server
  readonly #links = new Set<Link>()
  #mode: ProxyMode = OPEN

  /** `targetPort` is asked for each connection: a server may come back at another port. */
  constructor(targetPort: () => number) {
    this.#targetPort = targetPort
    this.#listener = createServer({ noDelay: true, allowHalfOpen: false }, (client) => this.#link(client))
  }

  get port(): number {
    return (this.#listener.address() as { port: number }).port
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#listener.once('error', reject)
      this.#listener.listen(0, '127.0.0.1', resolve)
    })
  }

  set(mode: ProxyMode): void {
    this.#mode = mode
    for (const link of this.#links) this.#throttle(link)
  }

  async stop(): Promise<void> {
    for (const { client, server } of this.#links) {
      client.destroy()
      server.destroy()
    }
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()))
  }

  #link(client: Socket): void {
    const server = createConnection({ port: this.#targetPort(), host: '127.0.0.1', noDelay: true })
    const link = { client, server }
    this.#links.add(link)
    client.on('data', (chunk: Buffer) => this.#fromClient(link, chunk))
    server.on('data', (chunk: Buffer) => this.#pass(chunk, server, client))
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => {})
      from.on('close', () => {
        this.#links.delete(link)
        to.destroySoon()
      })
    }
    this.#throttle(link)
  }

  #throttle({ client, server }: Link): void {
    const stalled = this.#mode.kind === 'stalled' ? this.#mode : null
    if (stalled?.toServer) client.pause()
    else client.resume()
    if (stalled?.toClient) server.pause()
    else server.resume()
  }

  #fromClient(link: Link, chunk: Buffer): void {
    const { client, server } = link
    const at = this.#mode.kind === 'cut-commits' || this.#mode.kind === 'delay-commits' ? commitAt(chunk) : -1
    if (at < 0) {
      this.#pass(chunk, client, server)
      return
    }
    if (this.#mode.kind === 'delay-commits') {
      server.write(chunk.subarray(0, at))
      client.pause()
      setTimeout(() => {
        server.write(chunk.subarray(at))
        this.#throttle(link)
      }, this.#mode.delayMs)
      return
    }
    this.#links.delete(link)
    client.removeAllListeners('close').destroy()
    server.removeAllListeners('data').removeAllListeners('close')
    // Closed only when it has committed: one that finds its client gone before that gives up instead.
    server.on('data', (answer: Buffer) => {
      if (answer.includes(COMMITTED)) server.destroySoon()
    })
    server.setTimeout(COMMIT_MS_MAX, () => server.destroy())
    server.write(chunk)
  }

  #pass(chunk: Buffer, from: Socket, to: Socket): void {
    if (to.write(chunk)) return
    from.pause()
    to.once('drain', () => {
      for (const link of this.#links) if (link.client === from || link.server === from) this.#throttle(link)
    })
  }
}
