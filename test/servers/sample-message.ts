import type { AcceptResult } from '../../src/accept/accept-batch.ts'
import type { MessageDraft } from '../../src/domain/accept.ts'
import type { DeliveryTask } from '../../src/events/delivery.ts'

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
  created_at: '2026-11-24T11:00:00.000Z',
  sender: null,
  encoding: 'gsm7',
  segments: 1,
  valid_until: null,
  accepted_at: '2026-11-24T11:00:00.000Z',
}
