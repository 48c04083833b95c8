-- Slots of message ids (src/domain/sms-id.ts). A process leases a slot, and with it a block of ids: those whose time is
-- below `until_ms` (milliseconds since 1970). Whoever leases the slot next begins at `until_ms`, so no id is given twice,
-- whatever clocks do and however long a process that lost its lease goes on. Slot 63 is for references that commands
-- draw one by one. Ids that were given before this migration count as given.
CREATE TABLE id_slots (
  slot smallint PRIMARY KEY CHECK (slot BETWEEN 0 AND 63),
  holder uuid,
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  until_ms bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO id_slots (slot, until_ms)
SELECT slot, 1767225600000 + 1 + (greatest(
  (SELECT max(sms_id) FROM messages), (SELECT max(ref) FROM ledger), (SELECT max(action_id) FROM dead_letter_actions), 0) >> 13)
FROM generate_series(0, 63) AS slot;

-- Priority 3 (express) is permitted to a customer, and may be withheld from single keys of it. Customers that exist keep
-- what they could do until now; new ones are given it by name.
ALTER TABLE customers ADD COLUMN express boolean NOT NULL DEFAULT true;
ALTER TABLE customers ALTER COLUMN express SET DEFAULT false;
ALTER TABLE api_keys ADD COLUMN express boolean NOT NULL DEFAULT true;
