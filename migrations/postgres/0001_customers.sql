-- Who sends, what they have, and how they identify themselves.

CREATE TABLE customers (
  customer_id text PRIMARY KEY CHECK (customer_id ~ '^[A-Za-z0-9_-]{1,64}$'),
  name text NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz NOT NULL DEFAULT now()
);

-- One row a customer, updated with every accepted batch: half of each page is left for the new versions.
-- Amounts are in the currency's minor unit.
CREATE TABLE balances (
  customer_id text PRIMARY KEY REFERENCES customers,
  balance bigint NOT NULL DEFAULT 0 CHECK (balance >= 0),
  reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0)
) WITH (fillfactor = 50);

-- Only the hash of a key's secret is kept.
CREATE TABLE api_keys (
  key_id text PRIMARY KEY,
  customer_id text NOT NULL REFERENCES customers,
  secret_hash bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);
CREATE INDEX api_keys_customer ON api_keys (customer_id);
