ALTER TABLE webhook_endpoints
  -- User and password of Basic authentication, percent-encoded as in a URL. A secret: never in `url`, never shown.
  ADD COLUMN credentials text,
  ADD COLUMN deleted_at timestamptz,
  -- The transaction that changed the row last. Dispatchers ask for what their previous snapshot could not see, which no
  -- clock and no slow transaction can hide from them (decision 0023).
  ADD COLUMN changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  -- While retries fail, all by PostgreSQL's clock: since when, how often in a row, and when the next one may be posted.
  ADD COLUMN failing_since timestamptz,
  ADD COLUMN failures integer NOT NULL DEFAULT 0,
  ADD COLUMN retry_at timestamptz,
  ADD COLUMN backlog_full boolean NOT NULL DEFAULT false;

CREATE INDEX webhook_endpoints_changed_xid ON webhook_endpoints (changed_xid);

CREATE FUNCTION webhook_endpoint_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_xid := pg_current_xact_id();
  NEW.changed_at := now();
  RETURN NEW;
END $$;

-- A trigger, so that a process of an older version and a statement by hand are noticed as well. Failures and retry times
-- change often and interest no directory.
CREATE TRIGGER webhook_endpoint_changed BEFORE UPDATE ON webhook_endpoints FOR EACH ROW
  WHEN ((OLD.url, OLD.credentials, OLD.secret, OLD.statuses, OLD.disabled_at, OLD.deleted_at, OLD.failing_since, OLD.backlog_full)
        IS DISTINCT FROM
        (NEW.url, NEW.credentials, NEW.secret, NEW.statuses, NEW.disabled_at, NEW.deleted_at, NEW.failing_since, NEW.backlog_full))
  EXECUTE FUNCTION webhook_endpoint_changed();

UPDATE webhook_endpoints
SET credentials = substring(url FROM '^https?://([^/?#\\]*)@'), url = regexp_replace(url, '^(https?://)[^/?#\\]*@', '\1')
WHERE url ~ '^https?://[^/?#\\]*@';

-- An event is exhausted when its attempts or its time are used up. It is kept for a while, to be seen and retried.
ALTER TABLE webhook_retries ADD COLUMN exhausted_at timestamptz;

-- Events are claimed, counted and dropped endpoint by endpoint, so that the backlog of one is never in the way of another.
CREATE INDEX webhook_retries_endpoint_due ON webhook_retries (endpoint_id, next_at) WHERE exhausted_at IS NULL;
CREATE INDEX webhook_retries_waiting ON webhook_retries (endpoint_id, created_at) WHERE exhausted_at IS NULL;
CREATE INDEX webhook_retries_exhausted ON webhook_retries (endpoint_id, created_at) WHERE exhausted_at IS NOT NULL;
DROP INDEX webhook_retries_due;
