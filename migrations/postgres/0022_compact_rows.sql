-- Less for each message (docs/decisions/0028). Stop all processes of older versions before this one starts: they cannot
-- read what is written from here on.

-- Answers to repeated requests are composed from their messages: `sms_id` of a request with one, else `sms_ids` in their
-- order, null for one that was not accepted. `response` is what was stored before. The first half of a request's hash is enough.
ALTER TABLE messages ADD COLUMN text_changed boolean NOT NULL DEFAULT false;
ALTER TABLE idempotency ADD COLUMN sms_id bigint;
ALTER TABLE idempotency ADD COLUMN sms_ids bigint[];
ALTER TABLE idempotency ALTER COLUMN response DROP NOT NULL;
ALTER TABLE idempotency ALTER COLUMN status DROP NOT NULL;

-- A timeline as `src/domain/timeline-steps.ts` writes it. `timeline` is what was stored before; of the two one is null.
ALTER TABLE message_states ADD COLUMN steps text;
ALTER TABLE message_states ALTER COLUMN timeline DROP NOT NULL;

-- By digests of what is looked up, as the keys themselves were stored once in the rows and once again in these. Of the
-- submits that an operator answered by one id the newest are read, however many there are.
DROP INDEX idempotency_key;
CREATE INDEX idempotency_digest ON idempotency (hashtextextended(customer_id || ' ' || key, 0));
DROP INDEX attempts_operator_message_id;
CREATE INDEX attempts_operator_message ON attempts (hashtextextended(operator || ' ' || operator_message_id, 0), sms_id)
  WHERE operator_message_id IS NOT NULL;
DROP INDEX attempt_parts_operator_message_id;
CREATE INDEX attempt_parts_operator_message ON attempt_parts (hashtextextended(operator || ' ' || operator_message_id, 0), sms_id)
  WHERE operator_message_id IS NOT NULL;

-- A message settles once a round, which this index sees to. That it reserves once is the promise of its own key: both rows are
-- written by one statement. So reserving, half of all entries, needs none in the index.
ALTER TABLE ledger DROP CONSTRAINT ledger_pkey;
CREATE UNIQUE INDEX ledger_once ON ledger (ref, kind, attempts_before) WHERE kind <> 'reserve' OR attempts_before > 0;
