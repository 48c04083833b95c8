import type { AcceptResult } from '../../src/accept/accept-batch.ts'
import type { MessageDraft } from '../../src/domain/accept.ts'
import type { DeliveryTask } from '../../src/events/delivery.ts'
import type { StoredMessage } from '../../src/events/message-fields.ts'
import { type StatusSubject, type SubjectRow, storedSubject } from '../../src/events/status-subject.ts'

/** A message fit to be accepted, of one segment; tests change what they are about. */
export const DRAFT: MessageDraft = {
  phone: '+989121234567',
  text: 'x',
  textChanged: false,
  flash: false,
  sender: null,
  encoding: 'gsm7',
  segments: 1,
  operator: 'o',
  route: 'o: every number',
  mccMnc: null,
  cost: 1,
  priority: 1,
  sendAtMs: null,
  validUntilMs: null,
  clientRef: null,
  metadata: null,
}

/** What accepting is asked for, without an idempotency key. */
export function acceptRequest(customerId: string, drafts: readonly MessageDraft[]) {
  return {
    customerId,
    claim: null,
    rows: drafts.map((draft) => ({ draft, claim: null })),
    origin: { ip: null, userAgent: null, traceparent: null },
  }
}

/** The ids of what was accepted of a request. */
export function acceptedIds(result: AcceptResult | undefined): number[] {
  const outcomes = result?.kind === 'rows' ? result.outcomes : []
  return outcomes.flatMap((outcome) => (outcome.kind === 'accepted' ? outcome.message.smsId : []))
}

const ACCEPTED_AT = '2026-11-24T11:00:00.000Z'

/** A stored message, with all that one may have. Every value differs from every other, so that a swap of two is noticed. */
export const STORED: StoredMessage = {
  sms_id: 9_876_543_210,
  customer_id: 'cust_12345',
  phone: '+989121234567',
  text: 'Your verification code is 123456',
  sender: '3000',
  encoding: 'gsm7',
  segments: 2,
  operator: 'mci',
  cost: 500,
  priority: 1,
  max_retries: 3,
  valid_until: new Date('2026-11-26T10:00:00.789Z'),
  client_ref: 'order 7',
  metadata: { campaign: 'spring', note: 'two\nlines' },
  idempotency_key: 'req_abc123',
  ip: '192.168.1.100',
  user_agent: 'MyApp/1.0',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  route: 'mci: 432-11 by prefix 9891',
  mcc_mnc: '432-11',
  flash: true,
  send_at: new Date('2026-11-25T10:00:00.456Z'),
  accepted_at: new Date(ACCEPTED_AT),
  text_changed: true,
}

/** A message without notes as its statuses need it. */
export function subjectRow(smsId: number, { segments = 1, dueAtMs = 0 } = {}): SubjectRow {
  const notes = { client_ref: null, metadata: null, traceparent: null }
  return { ...STORED, ...notes, sms_id: smsId, customer_id: 'c', segments, due_at: new Date(dueAtMs) }
}

export function statusSubject(smsId: number, parts: { segments?: number; dueAtMs?: number } = {}): StatusSubject {
  return storedSubject(subjectRow(smsId, parts))
}

/** The task of such a message. */
export const TASK: DeliveryTask = {
  task_id: '01JDAAAAAAAAAAAAAAAAAAAAAA',
  sms_id: 7,
  customer_id: 'c',
  phone: '+989121234567',
  message: 'x',
  operator: 'o',
  priority: 1,
  retry_count: 0,
  max_retries: 3,
  created_at: ACCEPTED_AT,
  sender: null,
  encoding: 'gsm7',
  segments: 1,
  valid_until: null,
}
