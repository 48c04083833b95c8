-- Roll-ups count the messages that were accepted in a minute or a day, and what became of them. A minute keeps the set
-- of message ids as a compressed bitmap, so an event that comes twice counts once, however late; about a byte for an
-- id. Both minute and id follow from the id, so a repetition always meets the set it is already in. Read a minute with
-- groupBitmapMerge(messages), several by adding those up.
CREATE TABLE status_minutes
(
  minute DateTime('UTC'),
  customer_id LowCardinality(String),
  operator LowCardinality(String),
  status LowCardinality(String),
  messages AggregateFunction(groupBitmap, UInt64),
  updated_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(minute)
ORDER BY (minute, customer_id, operator, status)
TTL minute + INTERVAL 32 DAY
SETTINGS ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW status_minutes_fill TO status_minutes AS
SELECT
  toStartOfMinute(toDateTime(1767225600 + intDiv(sms_id, 8192000), 'UTC')) AS minute,
  customer_id, operator, status, groupBitmapState(sms_id) AS messages, max(_ingested_at) AS updated_at
FROM statuses
GROUP BY minute, customer_id, operator, status;

-- All messages of a row have the same segments and cost, so those add up from the number of messages.
CREATE TABLE accepted_minutes
(
  minute DateTime('UTC'),
  customer_id LowCardinality(String),
  operator LowCardinality(String),
  segments UInt16,
  cost UInt64,
  messages AggregateFunction(groupBitmap, UInt64),
  updated_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(minute)
ORDER BY (minute, customer_id, operator, segments, cost)
TTL minute + INTERVAL 32 DAY
SETTINGS ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW accepted_minutes_fill TO accepted_minutes AS
SELECT
  toStartOfMinute(toDateTime(1767225600 + intDiv(sms_id, 8192000), 'UTC')) AS minute,
  customer_id, operator, segments, cost, groupBitmapState(sms_id) AS messages, max(_ingested_at) AS updated_at
FROM accepted
GROUP BY minute, customer_id, operator, segments, cost;

-- Days are plain numbers, counted anew from their minutes every hour if any of those has changed since; the newest row
-- of a day holds. Days whose minutes begin to end are left as they are.
CREATE TABLE status_days
(
  day Date,
  customer_id LowCardinality(String),
  operator LowCardinality(String),
  status LowCardinality(String),
  messages UInt64,
  counted_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(counted_at)
PARTITION BY toYYYYMM(day)
ORDER BY (day, customer_id, operator, status)
TTL day + INTERVAL 1100 DAY;

CREATE MATERIALIZED VIEW status_days_count REFRESH EVERY 1 HOUR APPEND TO status_days AS
SELECT toDate(minute) AS day, customer_id, operator, status, sum(ids) AS messages, now64(3) AS counted_at
FROM
(
  SELECT minute, customer_id, operator, status, groupBitmapMerge(messages) AS ids
  FROM status_minutes
  WHERE toDate(minute) IN
  (
    SELECT changed.day
    FROM (SELECT toDate(minute) AS day, max(updated_at) AS at FROM status_minutes GROUP BY day) AS changed
    LEFT JOIN (SELECT day, max(counted_at) AS at FROM status_days GROUP BY day) AS counted ON counted.day = changed.day
    WHERE changed.day >= today('UTC') - 30 AND changed.at > counted.at - INTERVAL 10 MINUTE
  )
  GROUP BY minute, customer_id, operator, status
)
GROUP BY day, customer_id, operator, status;

CREATE TABLE accepted_days
(
  day Date,
  customer_id LowCardinality(String),
  operator LowCardinality(String),
  messages UInt64,
  segments UInt64,
  cost UInt64,
  counted_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(counted_at)
PARTITION BY toYYYYMM(day)
ORDER BY (day, customer_id, operator)
TTL day + INTERVAL 1100 DAY;

CREATE MATERIALIZED VIEW accepted_days_count REFRESH EVERY 1 HOUR APPEND TO accepted_days AS
SELECT toDate(minute) AS day, customer_id, operator, sum(ids) AS messages, sum(ids * message_segments) AS segments,
  sum(ids * message_cost) AS cost, now64(3) AS counted_at
FROM
(
  SELECT minute, customer_id, operator, segments AS message_segments, cost AS message_cost,
    groupBitmapMerge(messages) AS ids
  FROM accepted_minutes
  WHERE toDate(minute) IN
  (
    SELECT changed.day
    FROM (SELECT toDate(minute) AS day, max(updated_at) AS at FROM accepted_minutes GROUP BY day) AS changed
    LEFT JOIN (SELECT day, max(counted_at) AS at FROM accepted_days GROUP BY day) AS counted
      ON counted.day = changed.day
    WHERE changed.day >= today('UTC') - 30 AND changed.at > counted.at - INTERVAL 10 MINUTE
  )
  GROUP BY minute, customer_id, operator, segments, cost
)
GROUP BY day, customer_id, operator;
