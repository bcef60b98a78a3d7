-- Calls that wait for people, and how far listeners have read the journal.

-- `body` is the approval as JSON; what is asked for is beside it, and counts. `look_at` is empty
-- where nobody need look again.
CREATE TABLE approvals (
    id TEXT PRIMARY KEY NOT NULL,
    revision BIGINT NOT NULL,
    state TEXT NOT NULL,
    principal TEXT NOT NULL,
    confirmer TEXT NOT NULL,
    digest TEXT NOT NULL,
    idempotency_key TEXT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    look_at BIGINT,
    reason TEXT,
    outbox_id TEXT,
    body TEXT NOT NULL,
    response TEXT
);
CREATE INDEX approvals_call ON approvals (digest, confirmer, created_at);
CREATE INDEX approvals_due ON approvals (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX approvals_open ON approvals (principal) WHERE ended_at IS NULL;
CREATE INDEX approvals_ended ON approvals (ended_at) WHERE ended_at IS NOT NULL;

-- The approval that a write carries out, where there is one.
ALTER TABLE outbox ADD COLUMN approval_id TEXT;

CREATE TABLE cursors (
    listener TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL
);
