import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A receiver of webhooks on this machine that takes everything and counts it by event id. */
export class WebhookSink {
  readonly events = new Map<string, { status: string; smsId: number; possibleDuplicate: boolean; times: number }>()
  readonly #server: Server

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        this.#take(String(request.headers['webhook-id']), Buffer.concat(chunks).toString())
        response.writeHead(204).end()
      })
    })
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #take(eventId: string, body: string): void {
    const known = this.events.get(eventId)
    if (known) {
      known.times++
      return
    }
    const { data } = JSON.parse(body) as { data: { status: string; sms_id: number; possible_duplicate: boolean } }
    const { status, sms_id: smsId, possible_duplicate: possibleDuplicate } = data
    this.events.set(eventId, { status, smsId, possibleDuplicate, times: 1 })
  }
}
