-- How far the audit has been mirrored into Discord channels, one row for each mirror.
CREATE TABLE mirrors (
    scope TEXT PRIMARY KEY NOT NULL,
    revision BIGINT NOT NULL,
    body TEXT NOT NULL
);
