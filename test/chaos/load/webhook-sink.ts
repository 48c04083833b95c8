import { createReadStream, createWriteStream, existsSync, type WriteStream } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { treatWebhook } from './treat-webhook.ts'

/** A webhook as it came. What it means, and whether its signature holds, is for the auditor to say. */
export interface ReceivedWebhook {
  readonly atMs: number
  /** Whose endpoint it came to: the path of the URL. */
  readonly customerId: string
  readonly id: string
  readonly timestamp: string
  readonly signature: string
  readonly body: string
  readonly answered: number
}

/** A customer's receiver of webhooks that logs all it gets, and sometimes fails the first time. */
export class WebhookSink {
  readonly #server: Server
  readonly #log: WriteStream
  readonly #seen = new Set<string>()

  constructor(logPath: string) {
    this.#log = createWriteStream(logPath, { flags: 'a' })
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => this.#take(request, Buffer.concat(chunks).toString(), response))
    })
  }

  /** Returns the URL to which a customer's id is appended. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await new Promise<void>((resolve) => this.#log.end(resolve))
  }

  #take({ url, headers }: IncomingMessage, body: string, response: ServerResponse): void {
    const id = String(headers['webhook-id'])
    const answered = treatWebhook(id, !this.#seen.has(id))
    this.#seen.add(id)
    const received: ReceivedWebhook = {
      atMs: Date.now(),
      customerId: (url ?? '/').slice(1),
      id,
      timestamp: String(headers['webhook-timestamp']),
      signature: String(headers['webhook-signature']),
      body,
      answered,
    }
    // Logged before it is answered: what was answered with 2xx is in the log.
    this.#log.write(`${JSON.stringify(received)}\n`, () => response.writeHead(answered).end())
  }
}

export async function readWebhooks(path: string): Promise<ReceivedWebhook[]> {
  if (!existsSync(path)) return []
  const received: ReceivedWebhook[] = []
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line.endsWith('}')) received.push(JSON.parse(line) as ReceivedWebhook)
  }
  return received
}
