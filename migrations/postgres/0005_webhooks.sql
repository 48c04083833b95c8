-- Where customers want to hear of their messages.
CREATE TABLE webhook_endpoints (
  endpoint_id text PRIMARY KEY,
  customer_id text NOT NULL REFERENCES customers,
  url text NOT NULL,
  secret text NOT NULL,
  statuses text[] NOT NULL,
  disabled_at timestamptz,
  disabled_reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Dispatchers look for what changed since they looked last; nothing is deleted from here.
  changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_endpoints_changed ON webhook_endpoints (changed_at);
CREATE INDEX webhook_endpoints_customer ON webhook_endpoints (customer_id);

-- Deliveries whose first try failed; one that succeeds at once never gets here.
CREATE TABLE webhook_retries (
  endpoint_id text NOT NULL REFERENCES webhook_endpoints,
  event_id text NOT NULL,
  body text NOT NULL,
  attempts smallint NOT NULL,
  next_at timestamptz NOT NULL,
  last_error text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (endpoint_id, event_id)
);
CREATE INDEX webhook_retries_due ON webhook_retries (next_at);
