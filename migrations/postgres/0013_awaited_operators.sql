-- Tasks whose operator takes no messages wait for it among what is put aside (docs/decisions/0019).
-- `awaits` is that operator, until the task is over; `awaits_revision` the revision of operators and routes that was in
-- force when it was put aside, null once it was called back; `awaits_since` when it was put aside last.
ALTER TABLE scheduled ADD COLUMN awaits text;
ALTER TABLE scheduled ADD COLUMN awaits_revision bigint;
ALTER TABLE scheduled ADD COLUMN awaits_since timestamptz;
CREATE INDEX scheduled_awaiting ON scheduled (awaits, awaits_revision, awaits_since, seq) WHERE awaits_revision IS NOT NULL;
CREATE INDEX scheduled_called_back ON scheduled (awaits) WHERE awaits IS NOT NULL AND awaits_revision IS NULL;
