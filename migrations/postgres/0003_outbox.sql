-- What Kafka has still to be told. A row names a message to publish, or carries an event of its own (`payload`).
-- Rows are removed when Kafka has acknowledged them; in between nothing is updated. One relay owns each shard.
CREATE TABLE outbox (
  shard smallint NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  sms_id bigint NOT NULL,
  payload text,
  PRIMARY KEY (shard, seq)
) WITH (
  -- A queue: nearly every row dies within milliseconds, so clean often, and in full stride.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = -1,
  autovacuum_vacuum_cost_delay = 0
);
