-- What is kept no longer than its setting says (docs/decisions/0028, docs/operations/retention.md).

-- Days whose messages are being closed, are closed, or cannot be: one row a day, removed with the day's last partition.
-- A day is read through once, up to `scanned_to`, for messages that are not final. It is `closed_at` when there are none and
-- every consumer group has read on; its partitions may be dropped then. While its row is here and names no
-- `open_messages`, no redrive opens a message of it again.
CREATE TABLE retention_days (
  day date PRIMARY KEY,
  scanned_to bigint NOT NULL,
  scanned_at timestamptz,
  open_messages bigint[] NOT NULL DEFAULT '{}',
  closed_at timestamptz
);

-- What the dropped days of the ledger come to. A customer's balance is the sum of its entries and of its row here.
CREATE TABLE ledger_carried (
  customer_id text PRIMARY KEY REFERENCES customers,
  balance numeric NOT NULL,
  reserved numeric NOT NULL
);

-- Keys of requests with `send_at`, which outlive the partitions of `idempotency`. Few, so their rows are deleted.
CREATE TABLE idempotency_scheduled (
  customer_id text NOT NULL,
  key text NOT NULL,
  created_at timestamptz NOT NULL,
  request_hash bytea NOT NULL,
  sms_id bigint,
  sms_ids bigint[],
  response jsonb
);
CREATE INDEX idempotency_scheduled_digest ON idempotency_scheduled (hashtextextended(customer_id || ' ' || key, 0));
CREATE INDEX idempotency_scheduled_created_at ON idempotency_scheduled (created_at);
INSERT INTO idempotency_scheduled (customer_id, key, created_at, request_hash, response)
SELECT customer_id, key, created_at, request_hash, response FROM idempotency
WHERE response @> '{"status": "scheduled"}' OR response @> '{"results": [{"status": "scheduled"}]}';

-- When a letter came here, by our clock: `failed_at` is whatever its record says. Those that are here came no later than now.
ALTER TABLE dead_letters ADD COLUMN stored_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX dead_letters_open ON dead_letters (stored_at) WHERE state = 'open';
CREATE INDEX republications_at ON republications (republished_at);
