-- The pace of each operator account, which all workers share (docs/decisions/0018). `next_at` is where the next slot
-- begins that nobody has; `permille` is how much of the agreed pace the operator took when it last throttled us.
-- Nothing here is worth keeping over a crash: a lost row begins again at full pace, one slot from now.
CREATE UNLOGGED TABLE operator_pace (
  operator text PRIMARY KEY,
  next_at timestamptz NOT NULL,
  permille real NOT NULL,
  throttled_at timestamptz NOT NULL
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
