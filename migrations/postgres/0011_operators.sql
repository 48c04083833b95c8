-- Operators and routes as code: the newest revision is the one in force. `source` is the file, `declared` what it came
-- to. Append-only.
CREATE TABLE operator_configs (
  revision integer PRIMARY KEY CHECK (revision > 0),
  source text NOT NULL,
  declared json NOT NULL,
  sha256 bytea NOT NULL,
  applied_by text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- Numbers that have another network than their prefix says. Digits behind the plus.
CREATE TABLE ported_numbers (
  phone bigint PRIMARY KEY,
  mcc_mnc text NOT NULL CHECK (mcc_mnc ~ '^[0-9]{3}-[0-9]{2,3}$')
);

-- Why a message goes to its operator, and the network of its number if the routes asked for it.
ALTER TABLE messages ADD COLUMN route text;
ALTER TABLE messages ADD COLUMN mcc_mnc text;
