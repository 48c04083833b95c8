-- What the reconciler (docs/decisions/0012) must not forget over a restart.

-- One row: up to where messages were looked through, and since when those ranges begin in which some have not got on.
-- Times in milliseconds since the epoch.
CREATE TABLE reconciler_progress (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  next_range_ms bigint NOT NULL,
  open_ranges_ms bigint[] NOT NULL
) WITH (fillfactor = 50);

-- Messages that were published again, since their records were lost. `outbox_seq` is the row that they were last put
-- into the outbox with. Only what was lost has a row here, so the table stays small.
CREATE TABLE republications (
  sms_id bigint PRIMARY KEY,
  times smallint NOT NULL,
  outbox_seq bigint NOT NULL,
  republished_at timestamptz NOT NULL,
  given_up_at timestamptz
);
