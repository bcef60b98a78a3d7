-- Workspaces: who works together on which guilds. Whoever sets up none has `default`.

CREATE TABLE workspaces (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    suspended_at BIGINT
);
INSERT INTO workspaces (id, name, created_at) VALUES ('default', 'Default', 0);

-- People. Their clients are API keys.
CREATE TABLE members (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    user_id BIGINT,
    role TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (workspace, name)
);
CREATE UNIQUE INDEX members_user ON members (workspace, user_id);

-- Guilds that belong to a workspace. Every other one belongs to `default`.
CREATE TABLE installations (
    guild_id BIGINT PRIMARY KEY NOT NULL,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    installed_at BIGINT NOT NULL
);
CREATE INDEX installations_workspace ON installations (workspace, guild_id);

-- What is set for the bot in a workspace.
CREATE TABLE settings (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (workspace, name)
);

-- People's Discord accounts, connected by OAuth.
CREATE TABLE accounts (
    user_id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    connected_at BIGINT NOT NULL
);

-- Counts changes of workspaces and installations, so that every instance sees that there were some.
CREATE TABLE tenancy (
    id BIGINT PRIMARY KEY NOT NULL,
    version BIGINT NOT NULL
);
INSERT INTO tenancy (id, version) VALUES (1, 0);

-- Keys that were made before there were workspaces.
ALTER TABLE api_keys ADD COLUMN workspace TEXT NOT NULL DEFAULT 'default';
ALTER TABLE api_keys ADD COLUMN role TEXT NOT NULL DEFAULT 'operator';
