-- Parts of long messages, and operators' receipts (docs/decisions/0015).

-- A message that takes several submits has its parts in `attempt_parts`. `part_count` says how many there are, `parts`
-- which of them this attempt makes: null for all. The outcome of such an attempt is the most that the operator may have
-- of it. A cancelled message has an attempt that nobody makes: who inserts it first has decided.
ALTER TABLE attempts ADD COLUMN part_count smallint NOT NULL DEFAULT 1;
ALTER TABLE attempts ADD COLUMN parts smallint[];
ALTER TABLE attempts DROP CONSTRAINT attempts_outcome_check;
ALTER TABLE attempts ADD CONSTRAINT attempts_outcome_check
  CHECK (outcome IN ('sent', 'temporary', 'throttled', 'rejected', 'ambiguous', 'unsent', 'cancelled')) NOT VALID;

-- The operator's receipt, stored before it is acknowledged. `receipt_at` is the operator's time, `receipt_received_at`
-- ours. Not indexed, so that storing one stays within the row's page.
ALTER TABLE attempts ADD COLUMN receipt_status text
  CHECK (receipt_status IN ('delivered', 'failed', 'expired', 'rejected', 'unknown'));
ALTER TABLE attempts ADD COLUMN receipt_code text;
ALTER TABLE attempts ADD COLUMN receipt_at timestamptz;
ALTER TABLE attempts ADD COLUMN receipt_received_at timestamptz;

-- How each part of an attempt ended, written as its answer comes. A part without a row is open while its attempt is.
CREATE TABLE attempt_parts (
  sms_id bigint NOT NULL,
  attempt smallint NOT NULL,
  part smallint NOT NULL,
  operator text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('sent', 'temporary', 'throttled', 'rejected', 'ambiguous', 'unsent')),
  operator_message_id text,
  error_code text,
  ended_at timestamptz NOT NULL,
  receipt_status text CHECK (receipt_status IN ('delivered', 'failed', 'expired', 'rejected', 'unknown')),
  receipt_code text,
  receipt_at timestamptz,
  receipt_received_at timestamptz,
  PRIMARY KEY (sms_id, attempt, part)
) PARTITION BY RANGE (sms_id);
CREATE INDEX attempt_parts_operator_message_id ON attempt_parts (operator_message_id, operator)
  WHERE operator_message_id IS NOT NULL;

-- Receipts that fit nothing yet: they overtook the answer to their submit. Taken up when that is written; dropped
-- after some days.
CREATE TABLE early_receipts (
  operator text NOT NULL,
  operator_message_id text NOT NULL,
  status text NOT NULL,
  code text,
  at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (operator, operator_message_id)
);
CREATE INDEX early_receipts_received_at ON early_receipts (received_at);

-- One row: up to where messages without a receipt were looked for, and since when those ranges begin in which some have
-- come to no end. Times in milliseconds since the epoch.
CREATE TABLE receipt_watch_progress (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  next_range_ms bigint NOT NULL,
  open_ranges_ms bigint[] NOT NULL
) WITH (fillfactor = 50);
