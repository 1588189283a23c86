-- Times are integer milliseconds UTC. JSON is text. Ids are UUIDv7 texts, so their order is the order of creation.
-- A migration that was released is never edited: add the next number.

CREATE TABLE installation (
  id         TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO installation (id, created_at)
VALUES (lower(hex(randomblob(16))), CAST(strftime('%s', 'now') AS INTEGER) * 1000);

CREATE TABLE environment (
  id               TEXT PRIMARY KEY NOT NULL,
  name             TEXT NOT NULL,
  type             TEXT NOT NULL,
  region           TEXT NOT NULL,
  owner            TEXT NOT NULL,
  status           TEXT NOT NULL,
  rolled_back      INTEGER NOT NULL,
  rolling_back     INTEGER NOT NULL,
  failure_code     TEXT NOT NULL,
  failure_reason   TEXT NOT NULL,
  parameters       TEXT NOT NULL,
  tags             TEXT NOT NULL,
  request_document TEXT NOT NULL,
  outputs          TEXT NOT NULL,
  fleet            TEXT NOT NULL,
  fleet_updated_at INTEGER NOT NULL,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  correlation_id   TEXT NOT NULL,
  version          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX environment_live_name ON environment (type, region, name) WHERE status <> 'terminated';
CREATE INDEX environment_live_page ON environment (type, region, id) WHERE status <> 'terminated';
CREATE INDEX environment_name ON environment (name, id);

CREATE TABLE document (
  name       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  sha256     TEXT NOT NULL,
  content    TEXT NOT NULL,
  semantics  INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (name, version)
) STRICT;
CREATE UNIQUE INDEX document_content ON document (name, sha256, semantics);

-- Active until ended_at is set. seq and fence guard every move; see executions.cc.
CREATE TABLE execution (
  id               TEXT PRIMARY KEY NOT NULL,
  environment_id   TEXT NOT NULL REFERENCES environment (id),
  document_name    TEXT NOT NULL,
  document_version INTEGER NOT NULL,
  kind             TEXT NOT NULL,
  correlation_id   TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  state            TEXT NOT NULL,
  cursor           TEXT NOT NULL,
  visit            INTEGER NOT NULL,
  attempt          INTEGER NOT NULL,
  generation       INTEGER NOT NULL,
  wake_at          INTEGER,
  deadline         INTEGER,
  progress         TEXT NOT NULL,
  vals             TEXT NOT NULL,
  failure_code     TEXT NOT NULL,
  failure_text     TEXT NOT NULL,
  started_at       INTEGER,
  ended_at         INTEGER,
  seq              INTEGER NOT NULL,
  fence            INTEGER NOT NULL,
  cancel_at        INTEGER,
  cancel_by        TEXT NOT NULL,
  FOREIGN KEY (document_name, document_version) REFERENCES document (name, version)
) STRICT;
CREATE UNIQUE INDEX execution_active ON execution (environment_id) WHERE ended_at IS NULL;
-- ended_at is in it only so that SQLite 3.40 reads nothing but the index.
CREATE INDEX execution_due ON execution (wake_at, id, ended_at) WHERE ended_at IS NULL;
CREATE INDEX execution_environment ON execution (environment_id, id);

-- Append-only in the order of jid; clustering it by execution halves the speed.
CREATE TABLE journal (
  jid          INTEGER PRIMARY KEY,
  execution_id TEXT NOT NULL,
  seq          INTEGER NOT NULL,
  fence        INTEGER NOT NULL,
  step         TEXT NOT NULL,
  visit        INTEGER NOT NULL,
  attempt      INTEGER NOT NULL,
  kind         TEXT NOT NULL,
  at           INTEGER NOT NULL,
  payload      TEXT NOT NULL
) STRICT;
CREATE INDEX journal_execution ON journal (execution_id); -- jid follows by itself

CREATE TABLE effect (
  execution_id TEXT NOT NULL,
  step         TEXT NOT NULL,
  visit        INTEGER NOT NULL,
  generation   INTEGER NOT NULL,
  token        TEXT NOT NULL,
  action       TEXT NOT NULL,
  effect_class TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  state        TEXT NOT NULL,
  sends        INTEGER NOT NULL,
  first_sent   INTEGER,
  last_sent    INTEGER,
  outcome      TEXT NOT NULL,
  PRIMARY KEY (execution_id, step, visit, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  id             INTEGER PRIMARY KEY,
  at             INTEGER NOT NULL,
  who            TEXT NOT NULL,
  surface        TEXT NOT NULL,
  what           TEXT NOT NULL,
  target         TEXT NOT NULL,
  before         TEXT NOT NULL,
  after          TEXT NOT NULL,
  request_id     TEXT NOT NULL,
  correlation_id TEXT NOT NULL
) STRICT;
CREATE INDEX audit_target ON audit (target, id);

CREATE TABLE port (
  port           INTEGER PRIMARY KEY,
  environment_id TEXT NOT NULL REFERENCES environment (id),
  reserved_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX port_environment ON port (environment_id);
