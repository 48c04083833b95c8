/*
  Sends one message, with Node alone, and prints the gateway's answer.

    SMSGW_API=http://127.0.0.1:8080 SMSGW_API_KEY=sg_live_… node send.mjs +447700900123 'Hello' [IDEMPOTENCY_KEY]

  The request carries an Idempotency-Key, so it is safe to repeat: however often it is sent, the message is charged and
  sent once. Use a key of your own, such as the id of the order, and a run after a crash repeats it as well.
*/
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const TRIES_MAX = 6
const TIMEOUT_MS = 30_000

const { SMSGW_API = 'http://127.0.0.1:8080', SMSGW_API_KEY } = process.env
const [to, text, idempotencyKey = randomUUID()] = process.argv.slice(2)

/** What the gateway answered, or null if it did not answer. */
async function post() {
  const headers = {
    authorization: `Bearer ${SMSGW_API_KEY}`,
    'content-type': 'application/json',
    'idempotency-key': idempotencyKey,
  }
  const request = {
    method: 'POST',
    headers,
    body: JSON.stringify({ to, text }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }
  try {
    const response = await fetch(`${SMSGW_API}/v1/messages`, request)
    const retryAfter = Number(response.headers.get('retry-after') ?? 0)
    return { status: response.status, retryAfter, body: await response.text() }
  } catch (error) {
    console.error(`no answer: ${error.cause?.message ?? error.message}`)
    return null
  }
}

/** Without an answer it is unknown whether the message was accepted: repeating it with the same key finds out. */
const isWorthRepeating = (answer) =>
  answer === null || [408, 429].includes(answer.status) || answer.status >= 500 || isInFlight(answer)

const isInFlight = ({ status, body }) => status === 409 && body.includes('idempotency-in-flight')

for (let tries = 1; ; tries++) {
  const answer = await post()
  if (isWorthRepeating(answer) && tries < TRIES_MAX) {
    await sleep(1_000 * Math.max(answer?.retryAfter ?? 0, 2 ** (tries - 1)))
    continue
  }
  if (answer) console.log(answer.body)
  process.exitCode = answer?.status === 202 ? 0 : 1
  break
}
