import { createApiKey } from '../../src/domain/api-key.ts'

/**
 * How a connection behaves: asks again as soon as it is answered; drips a byte a second; or sends without ever ending.
 */
export type Manner = 'ask' | 'drip' | 'pour'

/** Whose key an attack has: none, of a customer without money, or of one that has some. */
export type Purse = 'none' | 'poor' | 'rich'

export interface Attack {
  readonly what: string
  readonly connections: number
  readonly manner: Manner
  readonly purse: Purse
  /** Makes the bytes of the requests, one by one. With `drip` and `pour`: those at the beginning. */
  readonly requests: (key: string) => () => Buffer
}

const ROWS = 1_000
const GIB = 1_073_741_824

/** The ways in which strangers and greedy customers were seen to slow others down, or may try. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  docs: {
    what: 'the script of the reference page, not compressed',
    ...{ connections: 30, manner: 'ask', purse: 'none' },
    requests: () => always(get('/docs/js/scalar.js')),
  },
  metrics: {
    what: '/metrics',
    ...{ connections: 30, manner: 'ask', purse: 'none' },
    requests: () => always(get('/metrics')),
  },
  pipelined: {
    what: 'twenty requests for the description at a time',
    ...{ connections: 30, manner: 'ask', purse: 'none' },
    requests: () => always(Buffer.concat(Array.from({ length: 20 }, () => get('/openapi.json')))),
  },
  keys: {
    what: 'keys that were never issued, another each time',
    ...{ connections: 30, manner: 'ask', purse: 'none' },
    requests: () => () => get('/v1/balance', createApiKey().text),
  },
  'slow-headers': {
    what: 'a header that never ends, a byte a second',
    ...{ connections: 500, manner: 'drip', purse: 'none' },
    requests: () => always(Buffer.from('GET /livez HTTP/1.1\r\nhost: gateway\r\nx-slow: ')),
  },
  'slow-bodies': {
    what: 'a body of 60 kB, a byte a second',
    ...{ connections: 500, manner: 'drip', purse: 'poor' },
    requests: (key) => always(head('POST', '/v1/messages', key, 60_000)),
  },
  'huge-bodies': {
    what: 'a body of a gibibyte, as fast as it is taken',
    ...{ connections: 30, manner: 'pour', purse: 'none' },
    requests: () => always(head('POST', '/v1/messages', undefined, GIB)),
  },
  'bad-json': {
    what: '64 kB that is no JSON',
    ...{ connections: 8, manner: 'ask', purse: 'poor' },
    requests: (key) => always(post('/v1/messages', key, `{"to":"+989120000000","text":"${'x'.repeat(64_000)}`)),
  },
  'poor-batches': {
    what: 'batches of 1,000 long texts, without money',
    ...{ connections: 4, manner: 'ask', purse: 'poor' },
    requests: (key) => always(post('/v1/messages/batch', key, costlyBatch())),
  },
  'faulty-batches': {
    what: 'batches of 1,000 messages that all lack their recipient',
    ...{ connections: 4, manner: 'ask', purse: 'poor' },
    requests: (key) =>
      always(post('/v1/messages/batch', key, `{"messages":[${'{"text":"x"},'.repeat(ROWS - 1)}{"text":"x"}]}`)),
  },
  'rich-batches': {
    what: 'the same batches with money: all is accepted and sent',
    ...{ connections: 4, manner: 'ask', purse: 'rich' },
    requests: (key) => always(post('/v1/messages/batch', key, costlyBatch())),
  },
}

/** As large as a batch may be, of texts that national tables are tried for. */
function costlyBatch(): string {
  const message = {
    to: '+989121234567',
    text: 'Ağ çöktü, ışık söndü. '.repeat(30),
    languages: ['tr', 'es', 'pt', 'bn', 'gu', 'hi'],
    smart: true,
  }
  return JSON.stringify({ messages: Array.from({ length: ROWS }, () => message) })
}

function always(bytes: Buffer): () => Buffer {
  return () => bytes
}

function get(path: string, key?: string): Buffer {
  return head('GET', path, key)
}

function post(path: string, key: string, body: string): Buffer {
  const bytes = Buffer.from(body)
  return Buffer.concat([head('POST', path, key, bytes.length), bytes])
}

function head(method: string, path: string, key?: string, length?: number): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: gateway']
  if (key !== undefined) lines.push(`authorization: Bearer ${key}`)
  if (length !== undefined) lines.push('content-type: application/json', `content-length: ${length}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}
