import { createHmac } from 'node:crypto'
import type { Acceptance } from '../load/acceptance-log.ts'
import type { Facts, TopicRecord } from './facts.ts'

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`

/**
 * The facts of a small campaign in which all went well: message 1 delivered, 2 rejected and given back, 3 delivered
 * after an answer was lost and so flagged, all to one phone in this order; and one planted record.
 */
export function soundFacts(): Facts {
  const statuses = [statusRecord(1, 'delivered', 0), statusRecord(2, 'rejected', 1), statusRecord(3, 'delivered', 2)]
  const accepted = [1, 2, 3].map((smsId) => record('sms.accepted', smsId - 1, { sms_id: smsId }))
  const letter = record('sms.dlq', 0, {
    original_topic: 'sms.delivery',
    original_partition: 0,
    original_offset: 9,
    consumer_group: 'delivery-worker-group',
    reason: 'not-json',
  })
  return {
    client: [...[1, 2, 3].map(acceptance), { kind: 'repeated', key: 'key-1', smsId: 1 }],
    messages: [1, 2, 3].map((smsId) => {
      return { smsId, customerId: 'c', phone: '+98935', key: `key-${smsId}`, cost: 100, segments: 1 }
    }),
    states: [
      { smsId: 1, status: 'delivered', possibleDuplicate: false, timeline: ['queued', 'sending', 'sent', 'delivered'] },
      { smsId: 2, status: 'rejected', possibleDuplicate: false, timeline: ['queued', 'sending', 'rejected'] },
      { smsId: 3, status: 'delivered', possibleDuplicate: true, timeline: ['queued', 'sending', 'sent', 'delivered'] },
    ],
    attempts: [
      { smsId: 1, attempt: 1, part: 1, outcome: 'sent', possibleDuplicate: false },
      { smsId: 2, attempt: 1, part: 1, outcome: 'rejected', possibleDuplicate: false },
      { smsId: 3, attempt: 1, part: 1, outcome: 'ambiguous', possibleDuplicate: false },
      { smsId: 3, attempt: 2, part: 1, outcome: 'sent', possibleDuplicate: true },
    ],
    books: [
      { ref: 1_000, kind: 'top-up', customerId: 'c', balance: 1_000, reserved: 0 },
      ...[1, 2, 3].map((ref) => ({ ref, kind: 'reserve' as const, customerId: 'c', balance: -100, reserved: 100 })),
      { ref: 1, kind: 'capture', customerId: 'c', balance: 0, reserved: -100 },
      { ref: 2, kind: 'release', customerId: 'c', balance: 100, reserved: -100 },
      { ref: 3, kind: 'capture', customerId: 'c', balance: 0, reserved: -100 },
    ],
    balances: [{ customerId: 'c', balance: 800, reserved: 0 }],
    outboxRows: 0,
    webhookRetries: 0,
    topics: {
      accepted,
      delivery: [1, 2, 3].map((smsId) => record('sms.delivery', smsId - 1, { sms_id: smsId })),
      status: statuses,
      deadLetters: [letter],
    },
    submits: [
      submit('1.1', 'taken'),
      submit('2.1', 'rejected'),
      submit('3.1', 'taken-unanswered'),
      submit('3.2', 'taken'),
    ],
    webhooks: statuses.map(({ eventId, event }) => webhook(eventId!, Number(event!.sms_id), String(event!.status))),
    endpoints: new Map([['c', SECRET]]),
    analytics: {
      accepted: [1, 2, 3],
      finals: new Map([
        [1, 'delivered'],
        [2, 'rejected'],
        [3, 'delivered'],
      ]),
      malformed: new Set(),
    },
    auditLog: {
      fault: null,
      entries: new Map([...accepted, ...statuses, letter].map((each) => [`${each.topic}[0]@${each.offset}`, 'hash'])),
    },
    lags: [{ group: 'smsgw-status', topic: 'sms.status', partition: 0, lag: 0 }],
    // A look was answered by a broker that had just come back; the commit that it did not return is written down.
    commits: {
      watched: { looked: 9, back: [{ place: 'g t[0]', from: 7, to: 5 }] },
      history: { looked: 9, back: [], written: new Set(['g t[0] 5', 'g t[0] 7']) },
    },
    planted: [{ topic: 'sms.delivery', partition: 0, offset: 9, what: 'random-bytes' }],
    leaks: { filesRead: 3, found: [] },
  }
}

function acceptance(smsId: number): Acceptance {
  return {
    kind: 'accepted',
    key: `key-${smsId}`,
    customerId: 'c',
    phone: '+98935',
    partSha256: ['text'],
    smsId,
    cost: 100,
    segments: 1,
    dueMs: 0,
    acceptedMs: 0,
    refused: {},
  }
}

function record(
  topic: string,
  offset: number,
  event: TopicRecord['event'],
  eventId: string | null = null,
): TopicRecord {
  return { topic, partition: 0, offset, eventId, valueSha256: 'hash', event }
}

function statusRecord(smsId: number, status: string, offset: number): TopicRecord {
  return record('sms.status', offset, { sms_id: smsId, status }, `event-${smsId}`)
}

function submit(ref: string, result: Facts['submits'][number]['result']): Facts['submits'][number] {
  return { ref, part: 1, parts: 1, phone: '+98935', textSha256: 'text', result }
}

function webhook(id: string, smsId: number, status: string): Facts['webhooks'][number] {
  const body = JSON.stringify({ data: { sms_id: smsId, status } })
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64')
  const signature = `v1,${createHmac('sha256', key).update(`${id}.7.${body}`).digest('base64')}`
  return { atMs: 0, customerId: 'c', id, timestamp: '7', signature, body, answered: 204 }
}
