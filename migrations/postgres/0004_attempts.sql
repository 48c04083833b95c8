-- Tries to hand a message to an operator. A row is committed before anything is written to the operator, so that
-- after a crash it is known which messages the operator may have. `outcome` is null while the answer is awaited;
-- `lease_until` says how long the worker that began it may still be at it.
CREATE TABLE attempts (
  sms_id bigint NOT NULL,
  attempt smallint NOT NULL,
  operator text NOT NULL,
  worker text NOT NULL,
  possible_duplicate boolean NOT NULL,
  started_at timestamptz NOT NULL,
  lease_until timestamptz NOT NULL,
  outcome text CHECK (outcome IN ('sent', 'temporary', 'throttled', 'rejected', 'ambiguous', 'unsent')),
  operator_message_id text,
  error_code text,
  ended_at timestamptz,
  PRIMARY KEY (sms_id, attempt)
) PARTITION BY RANGE (sms_id);
-- Receipts name the operator's id of a message.
CREATE INDEX attempts_operator_message_id ON attempts (operator_message_id, operator)
  WHERE operator_message_id IS NOT NULL;
