-- Events as they came. Kafka delivers at least once, and a row with the same sms_id and event_id replaces the one
-- before; until a merge has done that, FINAL does. Nothing but the message's id decides a row's partition and its end:
-- a repeated event may carry another time, yet it always meets the first one. The id holds the time of acceptance:
-- seconds since 1970 are 1767225600 + sms_id / 8192000 (src/domain/sms-id.ts).
CREATE TABLE accepted
(
  event_id String,
  accepted_at DateTime64(3, 'UTC'),
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
  kafka_topic LowCardinality(String),
  kafka_partition UInt16,
  kafka_offset UInt64,
  _ingested_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(toDateTime(1767225600 + intDiv(sms_id, 8192000), 'UTC'))
ORDER BY (sms_id, event_id)
TTL toDateTime(1767225600 + intDiv(sms_id, 8192000), 'UTC') + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1;

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
  error_message Nullable(String),
  delivered_at Nullable(DateTime64(3, 'UTC')),
  segments UInt16,
  latency_ms UInt64,
  possible_duplicate Bool,
  kafka_topic LowCardinality(String),
  kafka_partition UInt16,
  kafka_offset UInt64,
  _ingested_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(toDateTime(1767225600 + intDiv(sms_id, 8192000), 'UTC'))
ORDER BY (sms_id, event_id)
TTL toDateTime(1767225600 + intDiv(sms_id, 8192000), 'UTC') + INTERVAL 400 DAY
SETTINGS ttl_only_drop_parts = 1;

-- What came from Kafka and is not an event, with the reason. Kept, so that nothing is skipped in silence. `raw` is the
-- record's value if it could not be read, or else the fields that were read from it.
CREATE TABLE malformed
(
  kafka_topic LowCardinality(String),
  kafka_partition UInt16,
  kafka_offset UInt64,
  error String,
  raw String,
  _ingested_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(_ingested_at)
ORDER BY (kafka_topic, kafka_partition, kafka_offset)
TTL toDateTime(_ingested_at) + INTERVAL 90 DAY;
