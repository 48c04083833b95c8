-- A message of class 0 is shown at once and not kept.
ALTER TABLE messages ADD COLUMN flash boolean NOT NULL DEFAULT false;
