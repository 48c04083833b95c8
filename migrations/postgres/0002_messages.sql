-- What was accepted. Written once; what becomes of a message stands in message_states.
CREATE TABLE messages (
  sms_id bigint PRIMARY KEY,
  customer_id text NOT NULL,
  phone text NOT NULL,
  text text NOT NULL,
  sender text,
  encoding text NOT NULL,
  segments smallint NOT NULL,
  operator text NOT NULL,
  cost bigint NOT NULL,
  priority smallint NOT NULL,
  max_retries smallint NOT NULL,
  valid_until timestamptz,
  client_ref text,
  metadata jsonb,
  idempotency_key text,
  ip text,
  user_agent text,
  traceparent text,
  accepted_at timestamptz NOT NULL
) PARTITION BY RANGE (sms_id);

-- The state of a message, made when its first event arrives: a message without a row here is `accepted`.
-- `timeline` is an array of the states it came through. `revision` guards against two writers.
CREATE TABLE message_states (
  sms_id bigint PRIMARY KEY,
  customer_id text NOT NULL,
  status text NOT NULL,
  attempt smallint NOT NULL,
  settlement text NOT NULL,
  operator_message_id text,
  error_code text,
  error_message text,
  possible_duplicate boolean NOT NULL,
  timeline jsonb NOT NULL,
  revision integer NOT NULL,
  updated_at timestamptz NOT NULL
) PARTITION BY RANGE (sms_id);

-- Append-only. The sum of `balance` over a customer's entries is its balance, that of `reserved` what is reserved.
-- `ref` is the message, or for a top-up an id of the same kind; one entry of each kind a message, so that settling
-- twice is impossible.
CREATE TABLE ledger (
  ref bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('top-up', 'reserve', 'capture', 'release')),
  customer_id text NOT NULL,
  balance bigint NOT NULL,
  reserved bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (ref, kind)
) PARTITION BY RANGE (ref);

-- Answers already given. That a key is used once is guarded by the customer's row in balances, which every accepting
-- transaction locks first; a unique index could not span the partitions.
CREATE TABLE idempotency (
  customer_id text NOT NULL,
  key text NOT NULL,
  request_hash bytea NOT NULL,
  status smallint NOT NULL,
  response jsonb NOT NULL,
  created_at timestamptz NOT NULL
) PARTITION BY RANGE (created_at);
CREATE INDEX idempotency_key ON idempotency (customer_id, key);
