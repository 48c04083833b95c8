import { createHmac } from 'node:crypto'
import type { ReceivedWebhook } from '../../load/webhook-sink.ts'
import type { Facts, Finding } from '../facts.ts'

/**
 * A6: each final status came to its customer's endpoint, was signed, and said the same under the same id at every try.
 * When it happened may differ: what a worker could not finish, the next one reports again.
 */
export function webhooksArrive(facts: Facts): Finding {
  const violations: string[] = []
  const events = new Set(facts.topics.status.map(({ eventId }) => eventId))
  const seen = new Map<string, string>()
  const arrived = new Set<string>()
  for (const webhook of facts.webhooks) {
    const { id, customerId, body, answered } = webhook
    const secret = facts.endpoints.get(customerId)
    if (!secret || !isSigned(webhook, secret)) violations.push(`${id} came with a signature that does not hold`)
    if (!events.has(id)) violations.push(`${id} came and is no event`)
    const { data } = JSON.parse(body) as { data: { sms_id: number; status: string } }
    const said = JSON.stringify(data)
    const before = seen.get(id) ?? said
    if (before !== said) violations.push(`${id} came and said two things: ${before}, then ${said}`)
    seen.set(id, said)
    if (answered < 300) arrived.add(`${data.sms_id} ${data.status} ${customerId}`)
  }
  const customerOf = new Map(facts.messages.map(({ smsId, customerId }) => [smsId, customerId]))
  let expected = 0
  for (const { smsId, status } of facts.states) {
    const customerId = customerOf.get(smsId)
    if (customerId === undefined || !facts.endpoints.has(customerId)) continue
    expected++
    if (!arrived.has(`${smsId} ${status} ${customerId}`))
      violations.push(`${smsId} is ${status}, and no webhook said so`)
  }
  return {
    check: 'A6',
    what: 'final statuses arrive by webhook, signed',
    compared: "sink's log, states, sms.status",
    count: expected,
    violations,
  }
}

/** Written anew from Standard Webhooks 1.0, so that it does not share a mistake with the gateway. */
function isSigned({ id, timestamp, body, signature }: ReceivedWebhook, secret: string): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return signature.split(' ').includes(`v1,${expected}`)
}
