-- What is kept of writes, so that they can be taken back. Holds what people wrote: rows go when they
-- expire, and with the erasure of their principal.

CREATE TABLE kept_writes (
    call_id TEXT PRIMARY KEY NOT NULL,
    outbox_id TEXT NOT NULL,
    parent TEXT,
    workspace TEXT NOT NULL,
    principal TEXT NOT NULL,
    asker BIGINT,
    tool TEXT NOT NULL,
    guild_id BIGINT,
    channel_id BIGINT,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    image TEXT NOT NULL,
    undoes TEXT,
    undone_by TEXT
);
CREATE INDEX kept_writes_outbox ON kept_writes (outbox_id);
CREATE INDEX kept_writes_parent ON kept_writes (parent, at, call_id);
CREATE INDEX kept_writes_principal ON kept_writes (principal, at);
CREATE INDEX kept_writes_at ON kept_writes (at);
CREATE INDEX kept_writes_expiry ON kept_writes (expires_at);
CREATE INDEX kept_writes_undone_by ON kept_writes (undone_by);
