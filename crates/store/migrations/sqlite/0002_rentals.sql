-- The rental life cycle (§4.2.3-§4.2.9), webhooks and idempotency keys.

-- One row per audit chain: its head, and the last row that was destroyed at its beginning.
CREATE TABLE audit_chain (
    chain     TEXT    PRIMARY KEY,
    seq       INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    hash      BLOB    NOT NULL,
    base_seq  INTEGER NOT NULL,
    base_hash BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO audit_chain (chain, seq, at_ms, hash, base_seq, base_hash)
    SELECT chain, seq, at_ms, hash, 0, zeroblob(32)
    FROM audit a WHERE seq = (SELECT MAX(seq) FROM audit b WHERE b.chain = a.chain);

-- Many verifications of one commit are one row: its sheet lists them (audit/sheet.rs).
ALTER TABLE audit ADD COLUMN sheet BLOB;

CREATE INDEX delegation_delegate ON delegation (delegate_id);

-- The next sequence of each letter and year.
CREATE TABLE number_counter (
    sector INTEGER NOT NULL,
    year   INTEGER NOT NULL,
    next   INTEGER NOT NULL,
    PRIMARY KEY (sector, year)
) STRICT, WITHOUT ROWID;

-- Every number that stands for something, so that none can stand for two.
CREATE TABLE number (
    number     INTEGER PRIMARY KEY, -- letter, year and sequence: see codec.rs
    kind       INTEGER NOT NULL,
    company_id INTEGER NOT NULL,
    id         INTEGER NOT NULL     -- of the rental, reservation or remote verification
) STRICT;

CREATE TABLE rental (
    id              INTEGER PRIMARY KEY,
    company_id      INTEGER NOT NULL,
    caller_id       INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    at_ms           INTEGER NOT NULL, -- when it was registered
    created_date    INTEGER NOT NULL, -- the same, as a date in Asia/Seoul
    from_date       INTEGER NOT NULL,
    to_date         INTEGER NOT NULL,
    plate           TEXT    NOT NULL,
    status          INTEGER NOT NULL, -- rent_stts_cd
    one_way         INTEGER,
    licence_hash    BLOB,             -- of the driver, once one was verified
    verification_id INTEGER,
    verified_ms     INTEGER,
    code            INTEGER,
    temporary       INTEGER NOT NULL,
    decided_ms      INTEGER           -- when it was confirmed or cancelled
) STRICT;
CREATE INDEX rental_by_start ON rental (company_id, from_date, number);
CREATE INDEX rental_by_end ON rental (company_id, to_date, number);
CREATE INDEX rental_by_creation ON rental (company_id, created_date, number);
CREATE INDEX rental_by_plate ON rental (company_id, plate, from_date, number);
-- 2^52 of an id are 12.4 days: inserts stay local, a week is at most two probes.
CREATE INDEX rental_by_licence ON rental ((id >> 52), licence_hash, id);

CREATE TABLE reservation (
    id           INTEGER PRIMARY KEY,
    company_id   INTEGER NOT NULL,
    caller_id    INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    created_date INTEGER NOT NULL,
    from_date    INTEGER NOT NULL,
    to_date      INTEGER NOT NULL,
    plate        TEXT    NOT NULL,
    recurrence   INTEGER NOT NULL,
    class        INTEGER NOT NULL,
    subject      BLOB    NOT NULL, -- sealed: licence number, name
    last_code    INTEGER NOT NULL,
    last_ms      INTEGER NOT NULL,
    next_date    INTEGER NOT NULL,
    failures     INTEGER NOT NULL,
    due_ms       INTEGER,          -- when it runs, or when its claim ends; null after its last run
    claim        INTEGER           -- whose run is under way
) STRICT;
CREATE INDEX reservation_due ON reservation (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX reservation_by_start ON reservation (company_id, from_date, number);
CREATE INDEX reservation_by_end ON reservation (company_id, to_date, number);
CREATE INDEX reservation_by_creation ON reservation (company_id, created_date, number);
CREATE INDEX reservation_by_plate ON reservation (company_id, plate, from_date, number);

-- How many rentals or reservations a company has on a day, by the date searched for (table 5.13).
CREATE TABLE history_count (
    company_id INTEGER NOT NULL,
    search     INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    total      INTEGER NOT NULL,
    PRIMARY KEY (company_id, search, day)
) STRICT, WITHOUT ROWID;

-- 비대면: what a generated number stands for, and how the driver's verification ended.
CREATE TABLE remote (
    number          INTEGER PRIMARY KEY,
    id              INTEGER NOT NULL,
    company_id      INTEGER NOT NULL,
    caller_id       INTEGER NOT NULL,
    sector          INTEGER NOT NULL,
    at_ms           INTEGER NOT NULL,
    from_date       INTEGER NOT NULL,
    to_date         INTEGER NOT NULL,
    plate           TEXT,
    device          BLOB, -- sealed
    api_type        TEXT,
    attempts        INTEGER NOT NULL,
    refusal         TEXT, -- KOROAD's code of the last attempt, where it refused (table 5.3)
    refusal_message TEXT,
    finished_ms     INTEGER,
    code            INTEGER,
    identity        INTEGER,
    verification_id INTEGER,
    similarity      REAL,
    liveness        REAL,
    originality     REAL,
    photo           TEXT  -- table 5.11
) STRICT;
CREATE INDEX remote_end ON remote (to_date);

CREATE TABLE idempotency (
    account_id   INTEGER NOT NULL,
    key_hash     BLOB    NOT NULL, -- keyed hash
    id           INTEGER NOT NULL,
    request_hash BLOB    NOT NULL, -- keyed hash of the interface and the decrypted body
    at_ms        INTEGER NOT NULL,
    answer       BLOB    NOT NULL, -- sealed
    PRIMARY KEY (account_id, key_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (at_ms);

CREATE TABLE webhook_endpoint (
    id          INTEGER PRIMARY KEY,
    company_id  INTEGER NOT NULL REFERENCES account (id),
    url         TEXT    NOT NULL,
    secret      BLOB    NOT NULL, -- sealed
    created_ms  INTEGER NOT NULL,
    disabled_ms INTEGER
) STRICT;
CREATE INDEX webhook_endpoint_company ON webhook_endpoint (company_id);

-- The outbox: written in the transaction of what it tells.
CREATE TABLE webhook_message (
    id           INTEGER NOT NULL,
    endpoint_id  INTEGER NOT NULL REFERENCES webhook_endpoint (id),
    at_ms        INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    attempts     INTEGER NOT NULL,
    due_ms       INTEGER, -- the next attempt, or the end of the claim; null when it is settled
    claim        INTEGER,
    delivered_ms INTEGER,
    failure      TEXT,    -- of the last attempt
    PRIMARY KEY (id, endpoint_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_message_due ON webhook_message (due_ms) WHERE due_ms IS NOT NULL;

-- What only one node does at a time, and until when it is taken.
CREATE TABLE chore (
    name     TEXT    PRIMARY KEY,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
