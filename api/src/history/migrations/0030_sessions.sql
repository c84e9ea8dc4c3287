CREATE TABLE sessions (
    digest TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    groups_of_owner TEXT NOT NULL,
    subject TEXT NOT NULL,
    provider_session TEXT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_owner ON sessions (owner, opened_at);
CREATE INDEX sessions_by_subject ON sessions (subject);
CREATE INDEX sessions_by_provider_session ON sessions (provider_session);
