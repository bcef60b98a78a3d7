-- Everything the first version keeps. One text for both engines: ids of Discord are BIGINT, time is
-- BIGINT milliseconds, other ids and JSON are TEXT, yes and no are 1 and 0.

-- The audit. Rows are only ever added. The two hashes are room for a chain over the rows.
CREATE TABLE decisions (
    seq BIGINT PRIMARY KEY NOT NULL,
    call_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    principal TEXT NOT NULL,
    agent TEXT,
    origin TEXT NOT NULL,
    tool TEXT NOT NULL,
    risk TEXT,
    guild_id BIGINT,
    channel_id BIGINT,
    digest TEXT NOT NULL,
    outcome TEXT NOT NULL,
    stage TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    rules TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    duration_us BIGINT NOT NULL,
    previous_hash TEXT,
    hash TEXT
);

-- Who works at outbox rows: one opening of this database each, for as long as it shows that it lives.
CREATE TABLE instances (
    instance_id TEXT PRIMARY KEY NOT NULL,
    alive_until BIGINT NOT NULL
);

-- Writes before they are sent, each the work of one instance. `request` is emptied when nobody will need it again.
CREATE TABLE outbox (
    outbox_id TEXT PRIMARY KEY NOT NULL,
    instance_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    request TEXT,
    repeatable BIGINT NOT NULL,
    fence BIGINT,
    decision_seq BIGINT NOT NULL REFERENCES decisions (seq) DEFERRABLE INITIALLY DEFERRED,
    finished_at BIGINT,
    reason TEXT
);
CREATE INDEX outbox_started ON outbox (created_at, outbox_id) WHERE state = 'started';
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE state <> 'started';

-- The promise of a principal that retries carry the same key, and the answer once there is one.
CREATE TABLE idempotency_keys (
    principal TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    outbox_id TEXT NOT NULL,
    response TEXT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_keys_outbox ON idempotency_keys (outbox_id);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

-- Confirmation tokens that were used.
CREATE TABLE spent_confirmations (
    token_digest TEXT PRIMARY KEY NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_confirmations_expiry ON spent_confirmations (expires_at);

-- API keys by the SHA-256 of their secret, in hex.
CREATE TABLE api_keys (
    name TEXT PRIMARY KEY NOT NULL,
    secret_digest TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

-- Who may write into a thread. A row outlives its lease, so that its fence never falls.
CREATE TABLE leases (
    thread_id BIGINT PRIMARY KEY NOT NULL,
    principal TEXT NOT NULL,
    agent TEXT,
    fence BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- Inbound events.
CREATE TABLE journal (
    seq BIGINT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    guild_id BIGINT,
    channel_id BIGINT,
    received_at BIGINT NOT NULL,
    data TEXT NOT NULL
);

-- Where each shard resumes.
CREATE TABLE resume_points (
    shard BIGINT PRIMARY KEY NOT NULL,
    session_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    resume_url TEXT NOT NULL
);

-- When an IDENTIFY was sent.
CREATE TABLE identifies (
    seq BIGINT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL
);

-- Automations that someone proposed.
CREATE TABLE drafts (
    id TEXT PRIMARY KEY NOT NULL,
    guild_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    trigger TEXT NOT NULL,
    action TEXT NOT NULL,
    channel_id BIGINT,
    drafted_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX drafts_guild ON drafts (guild_id, created_at);
