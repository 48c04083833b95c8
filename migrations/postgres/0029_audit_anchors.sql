-- Signed anchors of the audit log (src/audit/anchor.ts, docs/decisions/0029). `record` is the text that was signed, as it
-- also goes to the topic `sms.audit.anchors`; the other columns are copies out of it. Rows are never updated. Those of the
-- kind `head` are dropped after AUDIT_ANCHOR_DAYS.
CREATE TABLE audit_anchors (
  chain text NOT NULL,
  serial integer NOT NULL,
  kind text NOT NULL,
  anchored_at timestamptz NOT NULL,
  record text NOT NULL,
  PRIMARY KEY (chain, serial)
);
CREATE INDEX audit_anchors_at ON audit_anchors (anchored_at) WHERE kind <> 'key';
