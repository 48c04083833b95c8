import { firstSmsIdAt } from '../../../src/domain/sms-id.ts'
import type { Pool } from '../../../src/postgres/pool.ts'

const AT_ONCE = 50_000

/** Dead letters of all kinds, one a second back from now, of a thousand customers and five operators. */
const LETTERS = `
  INSERT INTO dead_letters (dlq_partition, dlq_offset, reason, error, failed_at, original_topic, original_partition,
    original_offset, consumer_group, attempts, redrives, sms_id, customer_id, operator, key, headers, value)
  SELECT n % 10, n / 10, ('{attempts-exhausted,attempts-exhausted,attempts-exhausted,handler,schema,not-json}'::text[])[n % 6 + 1],
    CASE n % 6 WHEN 3 THEN 'there is no operator "op-' || n % 997 || '"'
      WHEN 4 THEN 'sms.delivery: /phone must match pattern (record ' || n || ')'
      WHEN 5 THEN 'sms.status: the value is not JSON'
      ELSE 'the operator refused 4 times, last with "code-' || n % 89 || '"' END,
    $3::timestamptz - n * interval '1 second',
    CASE n % 6 WHEN 5 THEN 'sms.status' ELSE 'sms.delivery' END, n % 50, n, 'delivery-worker-group', 1, 0,
    CASE n % 6 WHEN 5 THEN NULL ELSE $4::bigint + n END, 'bench-' || n % 1000, 'operator-' || n % 5,
    convert_to('bench-' || n % 1000, 'UTF8'), '[["ce_id","x"],["ce_type","sms.delivery"]]',
    convert_to('{"sms_id":' || n || ',"text":"' || repeat('x', 250) || '"}', 'UTF8')
  FROM generate_series($1::bigint, $2::bigint) AS n`

export async function fillDeadLetters(pool: Pool, count: number, progress: (written: number) => void): Promise<void> {
  const nowMs = Date.now()
  for (let first = 0; first < count; first += AT_ONCE) {
    const last = Math.min(count, first + AT_ONCE) - 1
    await pool.query(LETTERS, [first, last, new Date(nowMs).toISOString(), firstSmsIdAt(nowMs)])
    progress(last + 1)
  }
  await pool.query('VACUUM (ANALYZE) dead_letters')
}

export interface FailedMessages {
  readonly customerId: string
  readonly count: number
  readonly acceptedAtMs: number
  readonly cost: number
}

/** What accepting, four refusals, the status updater and the keeper of dead letters leave behind. */
const FAILED = `
  WITH message AS (
    SELECT $1::bigint + n AS sms_id, n, $2::text AS customer_id, $4::timestamptz AS at FROM generate_series(0, $3::bigint - 1) AS n
  ), accepted AS (
    INSERT INTO messages (sms_id, customer_id, phone, text, encoding, segments, operator, cost, priority, max_retries,
      accepted_at)
    SELECT sms_id, customer_id, '+98912' || lpad((n % 100)::text, 7, '0'), 'x', 'gsm7', 1, 'simulator', $5, 1, 3, at
    FROM message
  ), entered AS (
    INSERT INTO ledger (ref, kind, customer_id, balance, reserved)
    SELECT sms_id, kind, customer_id, sign * $5::bigint, -sign * $5::bigint FROM message,
      (VALUES ('reserve', -1), ('release', 1)) AS entry (kind, sign)
  ), tried AS (
    INSERT INTO attempts (sms_id, attempt, operator, worker, possible_duplicate, started_at, lease_until, outcome,
      error_code, ended_at)
    SELECT sms_id, attempt, 'simulator', 'test', false, at, at, 'temporary', 'busy', at
    FROM message, generate_series(1, 4) AS attempt
  ), stated AS (
    INSERT INTO message_states (sms_id, customer_id, status, attempt, settlement, error_code, possible_duplicate,
      timeline, revision, updated_at)
    SELECT sms_id, customer_id, 'failed', 4, 'released', 'busy', false, '[]', 3, at FROM message
  )
  INSERT INTO dead_letters (dlq_partition, dlq_offset, reason, error, failed_at, original_topic, original_partition,
    original_offset, consumer_group, attempts, redrives, sms_id, customer_id, operator, key, headers, value)
  SELECT n % 10, n / 10, 'attempts-exhausted', 'the operator refused 4 times, last with "busy"',
    at + n * interval '1 millisecond', 'sms.delivery', n % 50, n, 'delivery-worker-group', 4, 0, sms_id, customer_id,
    'simulator', convert_to(customer_id, 'UTF8'),
    json_build_array(json_build_array('ce_id', lpad(n::text, 26, '0')), json_build_array('ce_type', 'sms.delivery')),
    convert_to(json_build_object('task_id', lpad(n::text, 26, '0'), 'sms_id', sms_id, 'customer_id', customer_id,
      'phone', '+98912' || lpad((n % 100)::text, 7, '0'), 'message', 'x', 'operator', 'simulator', 'priority', 1,
      'retry_count', 0, 'max_retries', 3, 'created_at', $6::text, 'sender', NULL, 'encoding', 'gsm7', 'segments', 1,
      'valid_until', NULL, 'accepted_at', $6::text)::text, 'UTF8')
  FROM message`

/** Messages whose refusals were used up, each with its dead letter. Returns the id of the first; the others follow. */
export async function fillFailedMessages(pool: Pool, messages: FailedMessages): Promise<number> {
  const { customerId, count, acceptedAtMs, cost } = messages
  const first = firstSmsIdAt(acceptedAtMs)
  const at = new Date(acceptedAtMs).toISOString()
  await pool.query(FAILED, [first, customerId, count, at, cost, at])
  return first
}
