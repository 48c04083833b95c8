-- What an operator wrote beside the code of a refusal, clean and at most 200 characters. `error_message` of a status is made
-- of it (src/domain/error-message.ts), also when the status is published again. Null for what was accepted: no bytes.
ALTER TABLE attempts ADD COLUMN error_text text;
ALTER TABLE attempt_parts ADD COLUMN error_text text;
