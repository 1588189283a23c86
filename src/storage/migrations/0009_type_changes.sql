-- folder_version: what the watched folder of the type held when it was read last; 0: none was read.
ALTER TABLE type ADD COLUMN folder_version INTEGER NOT NULL DEFAULT 0;

-- A version that was removed keeps its number: environments that are gone had it, and the same content gets it again.
CREATE TABLE removed_type_version (
  name       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  sha256     TEXT NOT NULL,
  removed_at INTEGER NOT NULL,
  PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX removed_type_version_content ON removed_type_version (name, sha256);

-- Which versions are in use, and what lives under a name.
CREATE INDEX environment_live_version ON environment (type, type_version) WHERE status <> 'terminated';
CREATE INDEX environment_live_named ON environment (name, id) WHERE status <> 'terminated';
