-- The customer's own name for a message, and its metadata: `metadata['campaign']` asks for one value. A map, and not the
-- JSON, as values are texts, the API sees to that, and a query need not parse each row (docs/decisions/0036).
ALTER TABLE accepted ADD COLUMN metadata Map(LowCardinality(String), String);
ALTER TABLE statuses ADD COLUMN client_ref Nullable(String);
ALTER TABLE statuses ADD COLUMN metadata Map(LowCardinality(String), String);
