CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    act TEXT NOT NULL,
    actor TEXT NOT NULL,
    via TEXT NOT NULL,
    address TEXT NOT NULL,
    department TEXT NOT NULL,
    operation TEXT NOT NULL,
    object TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    reason TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE UNIQUE INDEX audit_by_act ON audit (act, kind);
CREATE INDEX audit_by_actor ON audit (actor, seq);
CREATE INDEX audit_by_department ON audit (department, seq);
CREATE INDEX audit_by_time ON audit (at);
-- Intents that wait for their outcome. Not part of the chain: it only saves looking through it.
CREATE TABLE audit_open (
    act TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);
