/*
  A receiver of status events, with Node alone. It verifies the signature (Standard Webhooks), stores each event once, on
  disk, and only then answers; whatever takes longer than that reads the file.

    WEBHOOK_SECRET=whsec_… node webhook-receiver.mjs [PORT]

  Events are appended to EVENTS_FILE (events.ndjson), one JSON object a line. In production a table with the event's id as
  its primary key takes the place of the file.
*/
import { createHmac, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:http'

const BODY_BYTES_MAX = 65_536
/** An event may arrive again for three days: keep at least as many ids as you have events in that time. */
const IDS_MAX = 1_000_000
/** An older signed request may be a recorded one that an attacker sends again. */
const AGE_SECONDS_MAX = 300

const secret = process.env.WEBHOOK_SECRET ?? ''
if (!secret.startsWith('whsec_')) throw new Error('WEBHOOK_SECRET is the secret that `smsgw webhooks create` printed')
const key = Buffer.from(secret.slice('whsec_'.length), 'base64')

const path = process.env.EVENTS_FILE ?? 'events.ndjson'
const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
const stored = new Set()
/** Events that are being stored now, by id: the same event may arrive twice at once. */
const storing = new Map()
const file = await open(path, 'a', 0o600)
for (const line of before.split('\n')) remember(idIn(line))
// A crash may have left half a line, of an event that was not acknowledged and arrives again.
if (before !== '' && !before.endsWith('\n')) await file.appendFile('\n')

function idIn(line) {
  try {
    return JSON.parse(line).id
  } catch {
    return undefined
  }
}

function remember(id) {
  stored.add(id)
  if (stored.size > IDS_MAX) stored.delete(stored.values().next().value)
}

/** Whether the request is from the gateway: signed with our secret, a short time ago. */
function isSigned(headers, body, nowSeconds) {
  const timestamp = Number(headers['webhook-timestamp'])
  if (!(Math.abs(nowSeconds - timestamp) <= AGE_SECONDS_MAX)) return false
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.`
  const expected = createHmac('sha256', key).update(signed).update(body).digest()
  // Several signatures, while a secret is being replaced, are separated by spaces.
  return String(headers['webhook-signature'])
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice('v1,'.length), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected))
}

async function append(id, event) {
  await file.appendFile(`${JSON.stringify({ id, ...event })}\n`)
  await file.datasync()
  remember(id)
}

/** Stores an event unless it is stored. Throws if it cannot be stored: the gateway then sends it again. */
async function storeOnce(id, event) {
  if (stored.has(id)) return
  if (!storing.has(id))
    storing.set(
      id,
      append(id, event).finally(() => storing.delete(id)),
    )
  await storing.get(id)
}

async function readBody(request) {
  const chunks = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function receive(request) {
  const body = await readBody(request)
  if (body === null) return 413
  if (!isSigned(request.headers, body, Date.now() / 1_000)) return 401
  await storeOnce(request.headers['webhook-id'], JSON.parse(body))
  return 204
}

const server = createServer((request, response) => {
  const answer = (status) => response.writeHead(status, { connection: status === 413 ? 'close' : 'keep-alive' }).end()
  receive(request).then(answer, (error) => {
    console.error(error)
    answer(500)
  })
})
server.listen(Number(process.argv[2] ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
})
