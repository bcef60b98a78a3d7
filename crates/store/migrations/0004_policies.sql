-- Policies of workspaces, each version of them. The newest one of a workspace counts; an empty text
-- says that it has none any more.
CREATE TABLE policies (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    number BIGINT NOT NULL,
    text TEXT NOT NULL,
    put_by TEXT NOT NULL,
    put_at BIGINT NOT NULL,
    restored BIGINT,
    PRIMARY KEY (workspace, number)
);

-- Counts changes of policies, so that every instance sees that there were some.
CREATE TABLE policy_changes (
    id BIGINT PRIMARY KEY NOT NULL,
    version BIGINT NOT NULL
);
INSERT INTO policy_changes (id, version) VALUES (1, 0);
