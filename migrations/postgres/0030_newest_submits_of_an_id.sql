-- Of the submits that an operator answered by one id the newest are read, however many there are.
CREATE INDEX attempts_of_operator_message_id ON attempts (operator_message_id, operator, sms_id)
  WHERE operator_message_id IS NOT NULL;
DROP INDEX attempts_operator_message_id;
CREATE INDEX attempt_parts_of_operator_message_id ON attempt_parts (operator_message_id, operator, sms_id)
  WHERE operator_message_id IS NOT NULL;
DROP INDEX attempt_parts_operator_message_id;
