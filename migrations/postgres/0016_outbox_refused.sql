-- Rows of the outbox that can never be published as they are (docs/decisions/0022): a record that Kafka refuses for its
-- size, an event that is not of its form. They hold up no other row here, and may be put back into the outbox.
CREATE TABLE outbox_refused (
  sms_id bigint NOT NULL,
  shard smallint NOT NULL,
  payload text,
  carries text,
  cause text NOT NULL,
  refused_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_refused_at ON outbox_refused (refused_at);
