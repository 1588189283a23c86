-- Keys of the SigV4 surfaces. secret is sealed with the key file (auth/seal.h), as hex; a revoked key's row is gone.
CREATE TABLE access_key (
  id         TEXT PRIMARY KEY NOT NULL,
  name       TEXT NOT NULL,
  secret     TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
