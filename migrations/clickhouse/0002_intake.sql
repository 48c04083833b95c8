-- Where the tables that read Kafka put what they read (src/analytics/kafka-tables.ts). Nothing stays here: what has no
-- fault goes on to the events, the rest to `malformed`. One view feeds each of these, and it is made last, so that no
-- record is read before all that wants it is there.
CREATE TABLE accepted_intake
(
  event_id String,
  accepted_at DateTime64(3, 'UTC'),
  customer_id String,
  sms_id UInt64,
  phone String,
  cost UInt64,
  sender Nullable(String),
  encoding String,
  segments UInt16,
  operator String,
  priority UInt8,
  client_ref Nullable(String),
  kafka_topic String,
  kafka_partition UInt16,
  kafka_offset UInt64,
  fault String,
  raw String
)
ENGINE = Null;

CREATE MATERIALIZED VIEW accepted_fill TO accepted AS
SELECT * EXCEPT (fault, raw), now64(3) AS _ingested_at
FROM accepted_intake
WHERE fault = '';

CREATE MATERIALIZED VIEW accepted_refused TO malformed AS
SELECT kafka_topic, kafka_partition, kafka_offset, fault AS error, raw, now64(3) AS _ingested_at
FROM accepted_intake
WHERE fault != '';

CREATE TABLE statuses_intake
(
  event_id String,
  occurred_at DateTime64(3, 'UTC'),
  customer_id String,
  sms_id UInt64,
  status String,
  attempt UInt16,
  operator String,
  operator_message_id Nullable(String),
  error_code Nullable(String),
  error_message Nullable(String),
  delivered_at Nullable(DateTime64(3, 'UTC')),
  segments UInt16,
  latency_ms UInt64,
  possible_duplicate Bool,
  kafka_topic String,
  kafka_partition UInt16,
  kafka_offset UInt64,
  fault String,
  raw String
)
ENGINE = Null;

CREATE MATERIALIZED VIEW statuses_fill TO statuses AS
SELECT * EXCEPT (fault, raw), now64(3) AS _ingested_at
FROM statuses_intake
WHERE fault = '';

CREATE MATERIALIZED VIEW statuses_refused TO malformed AS
SELECT kafka_topic, kafka_partition, kafka_offset, fault AS error, raw, now64(3) AS _ingested_at
FROM statuses_intake
WHERE fault != '';
