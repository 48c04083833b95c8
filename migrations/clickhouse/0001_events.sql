-- Events as they came, each once: Kafka delivers at least once, and a row with the same key replaces the one before.
-- Ask with FINAL, or count distinct ids, where it matters before the merge.
CREATE TABLE accepted
(
  event_id String,
  occurred_at DateTime64(3, 'UTC'),
  customer_id LowCardinality(String),
  sms_id UInt64,
  phone String,
  cost UInt64,
  sender LowCardinality(Nullable(String)),
  encoding LowCardinality(String),
  segments UInt16,
  operator LowCardinality(String),
  priority UInt8,
  client_ref Nullable(String),
  kafka_partition UInt16,
  kafka_offset UInt64,
  ingested_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (sms_id, event_id)
TTL toDateTime(occurred_at) + INTERVAL 400 DAY;

CREATE TABLE statuses
(
  event_id String,
  occurred_at DateTime64(3, 'UTC'),
  customer_id LowCardinality(String),
  sms_id UInt64,
  status LowCardinality(String),
  attempt UInt16,
  operator LowCardinality(String),
  operator_message_id Nullable(String),
  error_code LowCardinality(Nullable(String)),
  segments UInt16,
  latency_ms UInt64,
  possible_duplicate Bool,
  kafka_partition UInt16,
  kafka_offset UInt64,
  ingested_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (sms_id, event_id)
TTL toDateTime(occurred_at) + INTERVAL 400 DAY;

-- What came from Kafka and is not an event. Kept, so that nothing is skipped in silence.
CREATE TABLE malformed
(
  ingested_at DateTime64(3, 'UTC'),
  topic LowCardinality(String),
  kafka_partition UInt16,
  kafka_offset UInt64,
  error String,
  raw String
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ingested_at)
ORDER BY (topic, kafka_partition, kafka_offset)
TTL toDateTime(ingested_at) + INTERVAL 90 DAY;
