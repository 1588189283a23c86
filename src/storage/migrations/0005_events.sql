-- Status changes and warnings of environments, as followers of the event stream are told of them; steps are told from
-- the journal. jid: of the journal's last row before it, so that both have one order. Append-only.
CREATE TABLE event (
  id             INTEGER PRIMARY KEY,
  jid            INTEGER NOT NULL,
  environment_id TEXT NOT NULL REFERENCES environment (id),
  kind           TEXT NOT NULL,
  at             INTEGER NOT NULL,
  data           TEXT NOT NULL
) STRICT;
CREATE INDEX event_environment ON event (environment_id, id);
