-- Children of aws:executeAutomation and retries of an execution that ended. Of those without a parent, one environment
-- has one active execution.
ALTER TABLE execution ADD COLUMN parent_id TEXT NOT NULL DEFAULT '';
ALTER TABLE execution ADD COLUMN retry_of TEXT NOT NULL DEFAULT '';
ALTER TABLE execution ADD COLUMN cancel_kind TEXT NOT NULL DEFAULT '';
DROP INDEX execution_active;
CREATE UNIQUE INDEX execution_active ON execution (environment_id) WHERE ended_at IS NULL AND parent_id = '';
CREATE INDEX execution_parent ON execution (parent_id) WHERE parent_id <> '';

-- Versions of environment types: files is a JSON object, by path, of {"text": ...} or {"base64": ...}. A folder that is
-- watched, or uploaded, is only where a version comes from.
CREATE TABLE type_version (
  name       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  sha256     TEXT NOT NULL,
  files      TEXT NOT NULL,
  source     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (name, version)
) STRICT;
CREATE UNIQUE INDEX type_version_content ON type_version (name, sha256);
CREATE TABLE type (
  name       TEXT PRIMARY KEY NOT NULL,
  current    INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  FOREIGN KEY (name, current) REFERENCES type_version (name, version)
) STRICT;

-- type_version 0: launched before types had versions. instance_*: what the type's `instance` map found in the results
-- of the launch.
ALTER TABLE environment ADD COLUMN type_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN expires_at INTEGER;
ALTER TABLE environment ADD COLUMN warned_at INTEGER;
ALTER TABLE environment ADD COLUMN last_active_at INTEGER;
ALTER TABLE environment ADD COLUMN instance_id TEXT NOT NULL DEFAULT '';
ALTER TABLE environment ADD COLUMN instance_arn TEXT NOT NULL DEFAULT '';
ALTER TABLE environment ADD COLUMN instance_role TEXT NOT NULL DEFAULT '';
CREATE INDEX environment_live ON environment (id) WHERE status <> 'terminated';
CREATE INDEX environment_instance ON environment (instance_id) WHERE instance_id <> '';
CREATE INDEX environment_expires ON environment (expires_at) WHERE expires_at IS NOT NULL AND status <> 'terminated';

-- What an environment makes, recorded before it is made: state is intent, present or gone.
CREATE TABLE resource (
  environment_id TEXT NOT NULL REFERENCES environment (id),
  kind           TEXT NOT NULL,
  locator        TEXT NOT NULL,
  region         TEXT NOT NULL,
  token          TEXT NOT NULL,
  state          TEXT NOT NULL,
  recorded_at    INTEGER NOT NULL,
  gone_at        INTEGER,
  PRIMARY KEY (environment_id, kind, locator)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_locator ON resource (kind, locator);
