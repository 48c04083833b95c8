import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { PartOutcome } from '../../src/domain/attempts/attempt.ts'
import type { SeededRandom } from '../chaos/campaign/seeded-random.ts'
import { withBody } from './with-body.ts'

type Outcome = Exclude<PartOutcome, null>

/** A way to answer a submit: what is written, and what the attempt may have come to then. */
export interface OddAnswer {
  readonly name: string
  readonly outcomes: readonly Outcome[]
}

interface OddHttpAnswer extends OddAnswer {
  readonly write: (socket: Socket, random: SeededRandom) => void
}

const CRLF = '\r\n'
const whole = (body: string, status = '200 OK', length = Buffer.from(body, 'latin1').length): string =>
  `HTTP/1.1 ${status}${CRLF}content-type: application/json${CRLF}content-length: ${length}${CRLF}connection: close${CRLF}${CRLF}${body}`
const chunked = `HTTP/1.1 200 OK${CRLF}transfer-encoding: chunked${CRLF}${CRLF}`

function odd(
  name: string,
  outcomes: readonly Outcome[],
  text: string | ((random: SeededRandom) => string),
): OddHttpAnswer {
  const write = (socket: Socket, random: SeededRandom): void => {
    socket.end(typeof text === 'string' ? text : text(random), 'latin1')
  }
  return { name, outcomes, write }
}

function open(name: string, outcomes: readonly Outcome[], write: (socket: Socket) => void): OddHttpAnswer {
  return { name, outcomes, write }
}

/** Characters of one octet each. */
export const rubbish = (random: SeededRandom, length: number): string =>
  String.fromCharCode(...Array.from({ length }, () => random.between(0, 255)))

/**
 * For a description with `answer: {id: /id, code: /code, taken: [ok]}` and `errors: {codes: {no: rejected, busy:
 * throttled}}`.
 */
const ODD_HTTP_ANSWERS: readonly OddHttpAnswer[] = [
  odd('an id', ['sent'], (random) => whole(`{"code":"ok","id":"h-${random.next()}"}`)),
  odd('an id of nineteen digits', ['sent'], (random) =>
    whole(`{"code":"ok","id":70918${random.between(0, 999_999_999)}03790}`),
  ),
  odd('an id with controls', ['sent'], (random) => whole(`{"code":"ok","id":"\\u0000${random.next()}\\u001b[2J\\n"}`)),
  odd('an id with half a pair', ['sent'], (random) => whole(`{"code":"ok","id":"\\ud83d${random.next()}"}`)),
  odd('an id of 60,000 characters', ['sent'], (random) =>
    whole(`{"code":"ok","id":"${random.next()}${'9'.repeat(60_000)}"}`),
  ),
  odd('an id, and bytes that are not UTF-8', ['sent'], (random) =>
    whole(`{"id":"${random.next()}","code":"ok","x":"\xe9\xff"}`),
  ),
  odd('an id and no code', ['sent'], (random) => whole(`{"id":"${random.next()}"}`)),
  odd(
    'an id after early hints',
    ['sent'],
    (random) => `HTTP/1.1 103 Early Hints${CRLF}${CRLF}${whole(`{"code":"ok","id":${random.next()}}`)}`,
  ),
  odd('taken without an id', ['unidentified'], whole('{"code":"ok"}')),
  odd('taken with an empty id', ['unidentified'], whole('{"code":"ok","id":"\\u0000\\u0007"}')),
  odd('taken with an id that is a list', ['unidentified'], whole('{"code":"ok","id":[1]}')),
  odd('nothing', ['unidentified'], whole('')),
  odd('OK', ['unidentified'], whole('OK')),
  odd('a page', ['unidentified'], whole('<!doctype html><h1>Welcome</h1>')),
  odd('half of a JSON', ['unidentified'], whole('{"code":"ok","id":"')),
  odd('JSON of another form', ['unidentified'], whole('[null, 5, {"a": {}}]')),
  odd('a number', ['unidentified'], whole('1e400')),
  odd('arrays in arrays', ['unidentified'], whole(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)),
  odd('rubbish', ['unidentified'], (random) => whole(rubbish(random, random.between(0, 2_000)))),
  odd('gzip', ['unidentified'], whole(gzipSync('{"code":"ok","id":"z"}').toString('latin1'))),
  odd('a bomb', ['unidentified'], whole(gzipSync(Buffer.alloc(20_000_000)).toString('latin1'))),
  odd('an unknown code', ['ambiguous'], (random) => whole(`{"code":"\\u0000${random.next()}"}`)),
  odd('a code that is refused', ['rejected'], whole('{"code":"no"}')),
  odd('a code of 9,000 characters', ['ambiguous'], whole(`{"code":"${'\\u0007x'.repeat(9_000)}"}`)),
  odd('a code for pace', ['throttled'], whole('{"code":"busy"}')),
  odd('a code that every object has', ['ambiguous'], whole('{"code":"__proto__"}')),
  odd('400', ['rejected'], whole('{"code":null}', '400 Bad Request')),
  odd('401', ['temporary'], whole('', '401 Unauthorized')),
  odd('429', ['throttled'], whole('slow', '429 Too Many Requests')),
  odd('500', ['ambiguous'], whole('Traceback', '500 Oops')),
  odd('503', ['temporary'], whole('', '503 Service Unavailable')),
  odd('599', ['ambiguous'], whole('{', '599 What')),
  odd(
    'a redirect',
    ['ambiguous'],
    `HTTP/1.1 302 Found${CRLF}location: http://127.0.0.1:1/${CRLF}content-length: 0${CRLF}${CRLF}`,
  ),
  odd(
    'a protocol of its own',
    ['ambiguous'],
    `HTTP/1.1 101 Switching Protocols${CRLF}upgrade: x${CRLF}connection: upgrade${CRLF}${CRLF}`,
  ),
  odd('a body that breaks off', ['ambiguous'], whole('{"code":"ok","id":"b"}', '200 OK', 500)),
  odd(
    'a body beyond its length',
    ['sent'],
    (random) => `${whole(`{"code":"ok","id":${random.next()}}`)}HTTP/1.1 500 Oops${CRLF}${CRLF}`,
  ),
  odd('a chunk of no size', ['ambiguous'], `${chunked}zz${CRLF}x`),
  odd('a length that is none', ['ambiguous'], `HTTP/1.1 200 OK${CRLF}content-length: -5${CRLF}${CRLF}{}`),
  odd('headers without end', ['ambiguous'], `HTTP/1.1 200 OK${CRLF}${`x: ${'y'.repeat(100)}${CRLF}`.repeat(1_000)}`),
  odd('another protocol', ['ambiguous'], `220 smtp.example ESMTP${CRLF}`),
  odd('noise', ['ambiguous'], (random) => `\0${rubbish(random, 500)}`),
  odd('silence and an end', ['ambiguous'], ''),
  open('a cut', ['ambiguous'], (socket) => void socket.resetAndDestroy()),
  open('silence', ['ambiguous'], () => {}),
  open('half a status line', ['ambiguous'], (socket) => void socket.write('HTTP/1.1 20')),
  open('a body that drips', ['ambiguous'], (socket) => {
    socket.write(chunked)
    const timer = setInterval(() => socket.write(`1${CRLF} ${CRLF}`), 50)
    socket.once('close', () => clearInterval(timer))
  }),
  open('a body without end', ['unidentified'], (socket) => {
    socket.write(chunked)
    const chunk = `8000${CRLF}${' '.repeat(32_768)}${CRLF}`
    const fill = (): void => {
      while (socket.writable && socket.write(chunk));
    }
    socket.on('drain', fill)
    fill()
  }),
]

/** What `json: {ref: "{ref}", to: "{to}"}` makes of a submit. */
export interface HttpSubmit {
  /** `<sms_id>.<attempt>`, and the part of a message in several. */
  readonly ref: string
  readonly to?: string
}

/**
 * An aggregator that answers each submit by one of these, drawn anew; `drawn` hears of which, by `<sms_id>.<attempt>`.
 * `takes` may give the id that a submit is taken under: then it is answered well, and nothing is drawn.
 */
export async function startOddAggregator(
  random: SeededRandom,
  drawn: (ref: string, answer: OddAnswer) => void,
  takes: (submit: HttpSubmit) => string | null = () => null,
) {
  const sockets = new Set<Socket>()
  const listener = withBody((request, response, body) => {
    const submit = JSON.parse(body) as HttpSubmit
    const id = takes(submit)
    if (id !== null) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ code: 'ok', id }))
      return
    }
    const answer = random.pick(ODD_HTTP_ANSWERS)
    drawn(submit.ref, answer)
    answer.write(request.socket, random)
  })
  const server = createServer(listener)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
