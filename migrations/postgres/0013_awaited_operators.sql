-- Tasks whose operator takes no messages wait for it among what is put aside (docs/decisions/0019).
-- `awaits` is that operator, until the task is over; `awaits_revision` the revision of operators and routes that was in
-- force when it was put aside, null once it was called back.
ALTER TABLE scheduled ADD COLUMN awaits text;
ALTER TABLE scheduled ADD COLUMN awaits_revision bigint;
CREATE INDEX scheduled_awaiting ON scheduled (awaits, awaits_revision, due_at, seq) WHERE awaits_revision IS NOT NULL;
CREATE INDEX scheduled_called_back ON scheduled (awaits) WHERE awaits IS NOT NULL AND awaits_revision IS NULL;
