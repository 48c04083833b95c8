-- Ids of operators are not unique: a receipt that fits nothing yet is kept with its recipient (digits without leading zeros;
-- empty where the receipt names none), and those that say the same are counted, as the parts of a long message may share
-- an id.
ALTER TABLE early_receipts ADD COLUMN recipient text NOT NULL DEFAULT '';
ALTER TABLE early_receipts ADD COLUMN copies smallint NOT NULL DEFAULT 1;
ALTER TABLE early_receipts DROP CONSTRAINT early_receipts_pkey;
ALTER TABLE early_receipts ADD PRIMARY KEY (operator, operator_message_id, recipient, status);

-- Receipts that were acknowledged and of which nothing came, for people: a sample, with the operator's own words. Dropped
-- after RECEIPT_REVIEW_DAYS, and beyond a number.
CREATE TABLE receipt_reviews (
  review_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received_at timestamptz NOT NULL DEFAULT now(),
  operator text NOT NULL,
  cause text NOT NULL,
  operator_message_id text,
  words text NOT NULL
);
CREATE INDEX receipt_reviews_operator ON receipt_reviews (operator, review_id);
CREATE INDEX receipt_reviews_received_at ON receipt_reviews (received_at);

-- Messages from subscribers, stored before the operator's SMSC is thanked. `octets` is the user data as it came, with its
-- header, the first of `octets_total`. `possible_duplicate`: the same came a short while before. Dropped after
-- INCOMING_DAYS.
CREATE TABLE incoming_messages (
  incoming_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received_at timestamptz NOT NULL DEFAULT now(),
  operator text NOT NULL,
  kind text NOT NULL,
  from_address text NOT NULL,
  to_address text NOT NULL,
  text text,
  data_coding smallint NOT NULL,
  concat_reference integer,
  concat_total smallint,
  concat_part smallint,
  octets bytea NOT NULL,
  octets_total integer NOT NULL,
  digest text NOT NULL,
  possible_duplicate boolean NOT NULL
);
CREATE INDEX incoming_messages_digest ON incoming_messages (digest, operator, received_at);
CREATE INDEX incoming_messages_received_at ON incoming_messages (received_at);
