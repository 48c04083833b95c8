import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Peer, PeerScript, PeerSubmit } from './peer.ts'

const REFUSALS = { rejected: 400, temporary: 503, throttled: 429 }

/** An aggregator that takes JSON, and pushes receipts. */
export async function httpPeer(script: PeerScript): Promise<Peer> {
  const submits: PeerSubmit[] = []
  const sockets = new Set<Socket>()
  const listen = async (port: number): Promise<Server> => {
    const server = createServer((request, response) => {
      request.resume().once('end', () => {
        const submit = submitOf(response)
        script(submit, submits.push(submit) - 1)
      })
    })
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return server
  }
  const close = async (server: Server): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  let server = await listen(0)
  onTestFinished(() => close(server))
  const { port } = server.address() as AddressInfo
  return {
    settings: {
      request: { url: `http://127.0.0.1:${port}`, json: { to: '{to}', text: '{text}', ref: '{ref}' } },
      answer: { id: '/id' },
      receipts: {
        push: {
          ...{ id: '/id', status: '/state', recipient: '/to' },
          statuses: { delivered: 'delivered', failed: 'failed' },
          addresses: ['127.0.0.1'],
        },
      },
    },
    submits,
    get open() {
      return sockets.size
    },
    async push({ id, status, phone }, callbackUrl) {
      const body = JSON.stringify({ ...(id === null ? {} : { id }), state: status, to: phone })
      const headers = { 'content-type': 'application/json' }
      return (await fetch(callbackUrl, { method: 'POST', headers, body })).status === 200
    },
    down: () => close(server),
    up: async () => {
      server = await listen(port)
    },
  }
}

function submitOf(response: ServerResponse): PeerSubmit {
  const json = { 'content-type': 'application/json' }
  return {
    take: (id) => response.writeHead(200, json).end(JSON.stringify({ id })),
    takeUnnamed: () => response.writeHead(200).end('OK'),
    refuse: (kind) => response.writeHead(REFUSALS[kind], json).end('{}'),
    lose: () => response.socket!.destroy(),
  }
}
