import { spawn } from 'node:child_process'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'

export interface ReceivedWebhook {
  readonly id: string
  readonly headers: Record<string, string>
  readonly body: string
  readonly atMs: number
}

interface Receiver {
  readonly url: string
  stop(): void
}

/** An endpoint that answers as configured, and keeps what it got. */
export async function startReceiver(
  answer: (received: readonly ReceivedWebhook[], response: ServerResponse) => void = (_, response) =>
    response.writeHead(204).end(),
): Promise<Receiver & { readonly received: ReceivedWebhook[] }> {
  const received: ReceivedWebhook[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const headers = request.headers as Record<string, string>
      received.push({ id: headers['webhook-id']!, headers, body, atMs: performance.now() })
      answer(received, response)
    })
  })
  const url = await listen(server)
  const stop = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { url, stop, received }
}

/** Everything that a receiver may do wrong with the bytes of its answer. `done` ends with the connection. */
export const MISBEHAVIOURS = {
  'hangs before the status line': () => {},
  'hangs within the header': (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-'),
  'sends its header a byte at a time': (socket) =>
    every(socket, 50, (time) => socket.write('HTTP/1.1 200 OK\r\nx: '.padEnd(10_000, 'y')[time]!)),
  'sends a reason phrase without end': (socket) => {
    socket.write('HTTP/1.1 200 ')
    every(socket, 5, () => socket.write('O'.repeat(1_000)))
  },
  'sends header lines without end': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    every(socket, 5, (time) => socket.write(`x-${time}: ${'y'.repeat(1_000)}\r\n`))
  },
  'sends interim responses without end': (socket) =>
    every(socket, 5, () => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20))),
  'sends rubbish': (socket) => socket.write('\u0000\u0001\u0002 this is no HTTP \r\n\r\n'),
  'speaks two lengths': (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'),
  'switches protocols': (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'),
  'closes the connection': (socket) => socket.end(),
  'resets the connection': (socket) => socket.resetAndDestroy(),
  'redirects to itself': (socket) =>
    socket.write('HTTP/1.1 308 Permanent Redirect\r\nlocation: /\r\ncontent-length: 0\r\n\r\n'),
  'answers 500': (socket) => socket.write('HTTP/1.1 500 \u0007\u001b[31mred\r\ncontent-length: 0\r\n\r\n'),
} as const satisfies Record<string, (socket: Socket) => unknown>

/** What may follow a 2xx header: the event is delivered whatever comes. */
export const BODIES = {
  'a byte every 100 ms for ever': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    every(socket, 100, () => socket.write('1\r\nx\r\n'))
  },
  'nothing of what was announced': (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n'),
  'megabytes without end': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    every(socket, 5, () => socket.write('x'.repeat(100_000)))
  },
  'broken chunks': (socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
  'a reset': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n')
    setTimeout(() => socket.resetAndDestroy(), 20)
  },
  'a body after 204': (socket) => socket.write('HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello'),
  'another response without a request': (socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'.repeat(2)),
} as const satisfies Record<string, (socket: Socket) => unknown>

/** A server that answers each request with these bytes, once it has arrived. Counts requests. */
export async function startRawReceiver(
  answer: (socket: Socket) => unknown,
): Promise<Receiver & { readonly requests: { count: number }; readonly sockets: ReadonlySet<Socket> }> {
  const sockets = new Set<Socket>()
  const requests = { count: 0 }
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (bytes) => {
      if (!bytes.includes('POST ')) return
      requests.count++
      answer(socket)
    })
  })
  const url = await listen(server)
  const stop = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { url, stop, requests, sockets }
}

/** A process that listens and never takes a connection: the first few hang, all further ones do not even open. */
export async function startUnresponsiveReceiver(): Promise<Receiver> {
  const script = `
    const server = require('node:net').createServer()
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port) + '\\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim())))
  return { url: `http://127.0.0.1:${port}/hook`, stop: () => void child.kill('SIGKILL') }
}

async function listen(server: Server | TcpServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
}

/** Until the connection is closed. */
function every(socket: Socket, ms: number, send: (time: number) => void): void {
  let time = 0
  const timer = setInterval(() => send(time++), ms)
  socket.on('close', () => clearInterval(timer))
}
