-- What `sms.dlq` has, where it can be searched, and what people did about it (docs/decisions/0013).

-- For texts of errors. Trusted: who owns the database may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- One row a dead letter, named by its own place in `sms.dlq`. Values, keys and headers are what was published, byte for
-- byte; `edited_value` is what a person made of the value. `redrives` counts how often the record was redriven,
-- before it came here and by this row. `attempts_before` of a state or an entry of the ledger is explained below.
CREATE TABLE dead_letters (
  dlq_partition integer NOT NULL,
  dlq_offset bigint NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redriven', 'discarded')),
  reason text NOT NULL,
  error text NOT NULL,
  failed_at timestamptz NOT NULL,
  original_topic text NOT NULL,
  original_partition integer NOT NULL,
  original_offset bigint NOT NULL,
  consumer_group text NOT NULL,
  attempts integer NOT NULL,
  redrives smallint NOT NULL,
  sms_id bigint,
  customer_id text,
  operator text,
  key bytea,
  headers json NOT NULL,
  value bytea,
  edited_value bytea,
  revision integer NOT NULL DEFAULT 0,
  closed_by text,
  closed_at timestamptz,
  actions bigint[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (dlq_partition, dlq_offset)
);
-- Each filter in the order in which letters are listed.
CREATE INDEX dead_letters_failed_at ON dead_letters (state, failed_at, dlq_partition, dlq_offset);
CREATE INDEX dead_letters_reason ON dead_letters (state, reason, failed_at, dlq_partition, dlq_offset);
CREATE INDEX dead_letters_customer ON dead_letters (state, customer_id, failed_at, dlq_partition, dlq_offset);
CREATE INDEX dead_letters_operator ON dead_letters (state, operator, failed_at, dlq_partition, dlq_offset);
CREATE INDEX dead_letters_topic ON dead_letters (state, original_topic, failed_at, dlq_partition, dlq_offset);
CREATE INDEX dead_letters_sms_id ON dead_letters (sms_id);
CREATE INDEX dead_letters_error ON dead_letters USING gin (error gin_trgm_ops);
CREATE INDEX dead_letters_closed_at ON dead_letters (closed_at) WHERE closed_at IS NOT NULL;

-- Who did what. Written in the transaction that does it; the same record goes to `sms.dlq` by the outbox, from where the
-- audit log chains its hash. Append-only.
CREATE TABLE dead_letter_actions (
  action_id bigint PRIMARY KEY,
  record text NOT NULL
);

-- A redrive opens a message that had failed again: another round of attempts, for money that is reserved again.
-- `attempts_before` is the number of attempts in the rounds before; 0 in the first. It names the round in the ledger,
-- in which each kind of entry stands once a round.
ALTER TABLE message_states ADD COLUMN attempts_before smallint NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN attempts_before smallint NOT NULL DEFAULT 0;
ALTER TABLE ledger DROP CONSTRAINT ledger_pkey;
ALTER TABLE ledger ADD PRIMARY KEY (ref, kind, attempts_before);
