-- The audit becomes a chain: each row of a workspace carries the hash of the one before it.

-- `link` counts the rows of a workspace from 1. `salt` hides what is personal in the hashes; where
-- that was erased, `erased` keeps the hashes of it and the salt is gone.
ALTER TABLE decisions ADD COLUMN workspace TEXT NOT NULL DEFAULT 'default';
ALTER TABLE decisions ADD COLUMN link BIGINT;
ALTER TABLE decisions ADD COLUMN salt TEXT;
ALTER TABLE decisions ADD COLUMN erased TEXT;
CREATE INDEX decisions_call ON decisions (call_id);
CREATE INDEX decisions_principal ON decisions (principal);

-- The end of each chain, sealed, so that nobody can cut rows off it.
CREATE TABLE audit_heads (
    workspace TEXT PRIMARY KEY NOT NULL,
    link BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    checkpoints BIGINT NOT NULL,
    seal TEXT
);

-- Where each chain stood at some moment, signed: also when nothing had happened since the last one.
CREATE TABLE audit_checkpoints (
    workspace TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    link BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    previous TEXT NOT NULL,
    signer TEXT NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (workspace, number)
);
