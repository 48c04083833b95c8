import { createConnection, type Socket } from 'node:net'

export interface HttpAnswer {
  readonly status: number
  readonly body: string
}

interface Waiting {
  readonly request: string
  readonly resolve: (answer: HttpAnswer) => void
  readonly reject: (error: Error) => void
}

/**
 * Connections that are kept, one request on each at a time; a caller waits for a free one. Just enough HTTP/1.1 for
 * answers with a Content-Length: a whole client would take as much of the machine as the API that is measured.
 */
export class HttpConnections {
  readonly #host: string
  readonly #port: number
  readonly #most: number
  readonly #free: Connection[] = []
  readonly #waiting: Waiting[] = []
  #open = 0

  constructor(url: string, most: number) {
    const { hostname, port } = new URL(url)
    this.#host = hostname
    this.#port = Number(port)
    this.#most = most
  }

  /** Throws when the connection breaks before the answer. */
  post(path: string, headers: Readonly<Record<string, string>>, body: string): Promise<HttpAnswer> {
    let request = `POST ${path} HTTP/1.1\r\nhost: ${this.#host}:${this.#port}\r\n`
    for (const name in headers) request += `${name}: ${headers[name]}\r\n`
    request += `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject })
      this.#serve()
    })
  }

  close(): void {
    for (const connection of this.#free) connection.close()
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      let connection = this.#free.pop()
      if (!connection && this.#open < this.#most) {
        this.#open++
        connection = new Connection(this.#host, this.#port)
      }
      if (!connection) return
      this.#send(connection, this.#waiting.shift()!)
    }
  }

  #send(connection: Connection, { request, resolve, reject }: Waiting): void {
    connection.send(request, (error, answer) => {
      if (error) this.#open--
      else this.#free.push(connection)
      if (error) reject(error)
      else resolve(answer!)
      this.#serve()
    })
  }
}

type Answered = (error: Error | null, answer?: HttpAnswer) => void

class Connection {
  readonly #socket: Socket
  #answered: Answered | null = null
  #text = ''

  constructor(host: string, port: number) {
    this.#socket = createConnection({ host, port, noDelay: true })
    this.#socket.setEncoding('utf8')
    this.#socket.on('data', (chunk: string) => this.#read(chunk))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.#settle(new Error('the connection was closed')))
  }

  send(request: string, answered: Answered): void {
    this.#answered = answered
    if (this.#socket.destroyed) queueMicrotask(() => this.#settle(new Error('the connection was closed')))
    else this.#socket.write(request)
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Lengths are counted in characters: all that the API answers to a post is ASCII. */
  #read(chunk: string): void {
    this.#text += chunk
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/content-length: (\d+)/i.exec(this.#text)?.[1] ?? 0)
    if (this.#text.length < end + 4 + length) return
    const answer = { status: Number(this.#text.slice(9, 12)), body: this.#text.slice(end + 4, end + 4 + length) }
    this.#text = this.#text.slice(end + 4 + length)
    this.#settle(null, answer)
  }

  #settle(error: Error | null, answer?: HttpAnswer): void {
    const answered = this.#answered
    this.#answered = null
    answered?.(error, answer)
  }
}
