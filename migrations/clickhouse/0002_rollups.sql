-- Messages by minute. A set of ids is kept instead of a count, as a compressed bitmap, so that an event delivered
-- twice counts once; read it with groupBitmapMerge(messages).
CREATE TABLE status_minutes
(
  minute DateTime('UTC'),
  customer_id LowCardinality(String),
  operator LowCardinality(String),
  status LowCardinality(String),
  messages AggregateFunction(groupBitmap, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, customer_id, operator, status)
TTL minute + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW status_minutes_fill TO status_minutes AS
SELECT toStartOfMinute(occurred_at) AS minute, customer_id, operator, status, groupBitmapState(sms_id) AS messages
FROM statuses
GROUP BY minute, customer_id, operator, status;

CREATE VIEW status_days AS
SELECT toDate(minute) AS day, customer_id, operator, status, groupBitmapMerge(messages) AS messages
FROM status_minutes
GROUP BY day, customer_id, operator, status;
