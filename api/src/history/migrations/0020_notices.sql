CREATE TABLE notices (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    subject TEXT NOT NULL,
    facts TEXT NOT NULL
);
CREATE INDEX notices_by_time ON notices (told_at, id);
CREATE TABLE notice_audiences (
    audience TEXT NOT NULL,
    notice TEXT NOT NULL,
    PRIMARY KEY (audience, notice)
);
CREATE INDEX notice_audiences_by_notice ON notice_audiences (notice);
CREATE TABLE notice_reads (
    person TEXT NOT NULL,
    notice TEXT NOT NULL,
    PRIMARY KEY (person, notice)
);
CREATE INDEX notice_reads_by_notice ON notice_reads (notice);
CREATE TABLE notice_marks (
    name TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);
CREATE TABLE notice_preferences (
    owner TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE TABLE notice_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    notice TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    taken_until BIGINT NOT NULL,
    error TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX notice_deliveries_by_turn ON notice_deliveries (state, next_at);
CREATE INDEX notice_deliveries_by_time ON notice_deliveries (updated_at, id);
CREATE INDEX notice_deliveries_by_notice ON notice_deliveries (notice);
