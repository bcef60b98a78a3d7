-- When conversations last read words that nobody vouches for, for rules that ask.
CREATE TABLE readings (
    reader TEXT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX readings_at ON readings (at);
