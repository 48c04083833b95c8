import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Problem } from '../../domain/errors.ts'
import { isFinal, type Status } from '../../domain/status.ts'
import { decodeSteps } from '../../domain/timeline-steps.ts'
import type { Pool } from '../../postgres/pool.ts'

const TimelineEntry = Type.Object(
  { status: Type.String(), at: Type.String() },
  {
    additionalProperties: true,
    description: 'A state the message came to, and when; `route` is why it went to that operator',
  },
)

const MessageAnswer = Type.Object({
  sms_id: Type.Integer(),
  status: Type.String(),
  to: Type.String(),
  from: Type.Union([Type.String(), Type.Null()]),
  text: Type.String(),
  encoding: Type.String(),
  flash: Type.Boolean(),
  segments: Type.Integer(),
  cost: Type.Integer(),
  operator: Type.String(),
  priority: Type.Integer(),
  client_ref: Type.Union([Type.String(), Type.Null()]),
  metadata: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
  accepted_at: Type.String(),
  send_at: Type.Union([Type.String(), Type.Null()]),
  valid_until: Type.Union([Type.String(), Type.Null()]),
  operator_message_id: Type.Union([Type.String(), Type.Null()]),
  error_code: Type.Union([Type.String(), Type.Null()]),
  error_message: Type.Union([Type.String(), Type.Null()], {
    description: 'Description of the error, with the code and the text of the operator; null if none',
  }),
  possible_duplicate: Type.Boolean(),
  timeline: Type.Array(TimelineEntry),
})

interface MessageRow {
  sms_id: number
  phone: string
  sender: string | null
  text: string
  encoding: string
  flash: boolean
  segments: number
  cost: number
  operator: string
  priority: number
  client_ref: string | null
  metadata: Record<string, string> | null
  accepted_at: Date
  send_at: Date | null
  valid_until: Date | null
  status: Status | null
  is_waiting: boolean
  is_cancelled: boolean
  operator_message_id: string | null
  error_code: string | null
  error_message: string | null
  possible_duplicate: boolean | null
  route: string | null
  timeline: { status: string; at: string }[] | null
  steps: string | null
}

/** GET /v1/messages/{sms_id}: a message of the customer's own, with the timeline of its states. */
export function readMessageRoute(app: FastifyInstance, pool: Pool): void {
  app.get<{ Params: { sms_id: number } }>(
    '/v1/messages/:sms_id',
    {
      config: { problems: ['not-found'] },
      schema: {
        operationId: 'readMessage',
        summary: 'Read a message and its timeline',
        tags: ['messages'],
        params: Type.Object({ sms_id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) }),
        response: { 200: MessageAnswer },
      },
    },
    async (request, reply) => {
      const row = await readMessage(pool, request.customerId, request.params.sms_id)
      if (!row) throw new Problem('not-found', 'You have no message with this sms_id.')
      return reply.send(messageAnswer(row))
    },
  )
}

async function readMessage(pool: Pool, customerId: string, smsId: number): Promise<MessageRow | undefined> {
  const { rows } = await pool.query<MessageRow>({
    name: 'read-message-2',
    text: `SELECT m.sms_id, m.phone, m.sender, m.text, m.encoding, m.flash, m.segments, m.cost, m.operator, m.priority,
             m.client_ref, m.metadata, m.accepted_at, m.send_at, m.valid_until, s.status, s.operator_message_id,
             s.error_code, s.error_message, s.possible_duplicate, m.route, s.timeline, s.steps,
             EXISTS (SELECT FROM scheduled WHERE scheduled.sms_id = $1 AND kind = 'message' AND released_at IS NULL)
               AS is_waiting,
             EXISTS (SELECT FROM attempts WHERE attempts.sms_id = $1 AND outcome = 'cancelled') AS is_cancelled
           FROM messages m LEFT JOIN message_states s ON s.sms_id = m.sms_id
           WHERE m.sms_id = $1 AND m.customer_id = $2`,
    values: [smsId, customerId],
  })
  return rows[0]
}

function messageAnswer(row: MessageRow): Record<string, unknown> {
  const { phone, sender, accepted_at, send_at, valid_until, possible_duplicate, route, timeline, steps, ...rest } = row
  const accepted = {
    status: send_at ? 'scheduled' : 'accepted',
    at: accepted_at.toISOString(),
    ...(route === null ? {} : { route }),
  }
  return {
    ...rest,
    to: phone,
    from: sender,
    status: statusOf(row),
    accepted_at: accepted_at.toISOString(),
    send_at: send_at?.toISOString() ?? null,
    valid_until: valid_until?.toISOString() ?? null,
    possible_duplicate: possible_duplicate ?? false,
    timeline: [accepted, ...(steps === null ? (timeline ?? []) : decodeSteps(steps))],
  }
}

/** Cancelling is true at once, while its event is still on its way. */
function statusOf({ status, is_waiting, is_cancelled }: MessageRow): Status {
  if (is_cancelled && (status === null || !isFinal(status))) return 'cancelled'
  return status ?? (is_waiting ? 'scheduled' : 'accepted')
}
