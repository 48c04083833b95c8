-- Answers by which operators took messages without naming them so that it could be read: how many of each kind, and the
-- beginning of the last one, cleaned, for the operator's owner. A row for each operator and kind; dropped when the last
-- is as old as UNREADABLE_ANSWER_DAYS says.
CREATE TABLE unreadable_answers (
  operator text NOT NULL,
  code text NOT NULL,
  answers bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  last_sms_id bigint NOT NULL,
  sample text NOT NULL,
  PRIMARY KEY (operator, code)
);
