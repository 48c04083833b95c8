/** How the events of a topic are read; they go into the table `<events>_intake`. */
export interface Intake {
  readonly events: 'accepted' | 'statuses'
  readonly topic: 'accepted' | 'status'
  /** ClickHouse's types by the events' fields. A field that is not named here is skipped, so events may grow. */
  readonly fields: Readonly<Record<string, string>>
  /** Fields whose column has another name, as SQL. */
  readonly renamed: Readonly<Record<string, string>>
  /** SQL: what is wrong with a record, or ''. */
  readonly fault: string
}

/**
 * ClickHouse fills what is missing with 0 or ''. An event without what identifies it would replace others, and ids of
 * the far future would scatter over partitions without end, so those are no events either.
 */
const IDENTITY_FAULTS = `_error != '', _error,
  event_id = '', 'event_id is missing',
  customer_id = '', 'customer_id is missing',
  sms_id = 0, 'sms_id is missing',
  sms_id >= 9007199254740992 OR 1767225600 + intDiv(sms_id, 8192000) > toUnixTimestamp(now()) + 86400,
    'sms_id is of the future'`

export const INTAKES: readonly Intake[] = [
  {
    events: 'accepted',
    topic: 'accepted',
    fields: {
      event_id: 'String',
      timestamp: "DateTime64(3, 'UTC')",
      customer_id: 'String',
      sms_id: 'UInt64',
      phone: 'String',
      cost: 'UInt64',
      sender: 'Nullable(String)',
      encoding: 'String',
      segments: 'UInt16',
      operator: 'String',
      priority: 'UInt8',
      client_ref: 'Nullable(String)',
    },
    renamed: { timestamp: 'timestamp AS accepted_at' },
    fault: `multiIf(${IDENTITY_FAULTS}, timestamp = 0, 'timestamp is missing', '')`,
  },
  {
    events: 'statuses',
    topic: 'status',
    fields: {
      event_id: 'String',
      occurred_at: "DateTime64(3, 'UTC')",
      customer_id: 'String',
      sms_id: 'UInt64',
      status: 'String',
      attempt: 'UInt16',
      operator: 'String',
      operator_message_id: 'Nullable(String)',
      error_code: 'Nullable(String)',
      error_message: 'Nullable(String)',
      delivered_at: "Nullable(DateTime64(3, 'UTC'))",
      segments: 'UInt16',
      latency_ms: 'UInt64',
      possible_duplicate: 'Bool',
    },
    renamed: {},
    fault: `multiIf(${IDENTITY_FAULTS}, status = '', 'status is missing', occurred_at = 0, 'occurred_at is missing', '')`,
  },
]
