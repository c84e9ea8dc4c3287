CREATE TABLE drafts (
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    department TEXT NOT NULL,
    content TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (owner, id)
);
CREATE INDEX drafts_by_end ON drafts (expires_at);
