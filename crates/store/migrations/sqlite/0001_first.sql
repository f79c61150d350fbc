-- Times are milliseconds since 1970, dates are yyyymmdd, ids are time-ordered (see `id.rs`).
-- Enums are small integers; `codec.rs` is their table.

-- What the database knows about itself: the checks of the master keys.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Once an account is destroyed, its number is what is left of it: records that are kept longer name it.
CREATE TABLE account (
    id         INTEGER PRIMARY KEY,
    user_id    TEXT UNIQUE, -- null once destroyed, as are the next two
    brno       TEXT,
    company    TEXT,
    kind       TEXT    NOT NULL,
    approval   INTEGER NOT NULL,
    status     INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    ended_ms   INTEGER      -- when it was rejected, deleted or withdrawn
) STRICT;

CREATE TABLE credential (
    id            INTEGER PRIMARY KEY,
    account_id    INTEGER NOT NULL REFERENCES account (id),
    environment   INTEGER NOT NULL,
    auth_key_hash BLOB    NOT NULL UNIQUE, -- SHA-256
    secret_key    BLOB    NOT NULL,        -- sealed
    approved      INTEGER NOT NULL,
    revoked_ms    INTEGER,
    allowed_ips   TEXT    NOT NULL,        -- networks separated by commas
    created_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX credential_account ON credential (account_id);

CREATE TABLE delegation (
    owner_id    INTEGER NOT NULL REFERENCES account (id),
    delegate_id INTEGER NOT NULL REFERENCES account (id),
    granted_ms  INTEGER NOT NULL,
    revoked_ms  INTEGER,
    PRIMARY KEY (owner_id, delegate_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delegation_delegate ON delegation (delegate_id);

CREATE TABLE token (
    hash          BLOB    PRIMARY KEY, -- SHA-256
    credential_id INTEGER NOT NULL REFERENCES credential (id),
    issued_ms     INTEGER NOT NULL,
    expires_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_expiry ON token (expires_ms);
CREATE INDEX token_credential ON token (credential_id);

-- The hot table: no foreign keys, few indexes.
CREATE TABLE verification (
    id           INTEGER PRIMARY KEY,
    at_ms        INTEGER NOT NULL,
    company_id   INTEGER NOT NULL,
    caller_id    INTEGER NOT NULL,
    environment  INTEGER NOT NULL,
    sector       INTEGER NOT NULL,
    channel      INTEGER NOT NULL,
    class        INTEGER NOT NULL,
    from_date    INTEGER NOT NULL,
    to_date      INTEGER NOT NULL,
    plate        TEXT,
    api_type     TEXT,
    code         INTEGER NOT NULL,
    temporary    INTEGER NOT NULL,
    identity     INTEGER,
    licence_hash BLOB    NOT NULL, -- keyed hash, 16 bytes
    subject      BLOB    NOT NULL  -- sealed: licence number, name, device id
) STRICT;
-- No index by licence: its random keys make every row cost a page of the write-ahead log, half of all that a
-- commit writes (docs/performance.md). A look-up by licence reads the time range of the primary key instead.
CREATE INDEX verification_company ON verification (company_id, environment, id);

-- The first sighting of a vehicle that is not the company's (§3.3).
CREATE TABLE vehicle_grace (
    company_id  INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    plate_key   TEXT    NOT NULL,
    started_ms  INTEGER NOT NULL,
    PRIMARY KEY (company_id, environment, plate_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX vehicle_grace_age ON vehicle_grace (started_ms);

-- Append-only; every row's keyed hash covers the row before it.
CREATE TABLE audit (
    chain        TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    key_version  INTEGER NOT NULL, -- whose derived key made the hash
    actor_kind   INTEGER NOT NULL,
    actor        INTEGER NOT NULL, -- the key or the person; 0 for others
    actor_name   TEXT,             -- an operator of the command line
    address      BLOB,             -- 16 bytes, IPv4 mapped
    environment  INTEGER,
    action       TEXT    NOT NULL,
    company_id   INTEGER,
    subject_hash BLOB,             -- keyed hash, 16 bytes
    reference    INTEGER NOT NULL,
    outcome      TEXT    NOT NULL,
    sheet        BLOB,             -- the verifications of a commit, or the people of a page (audit/sheet.rs)
    hash         BLOB    NOT NULL, -- HMAC-SHA-256
    PRIMARY KEY (chain, seq)
) STRICT, WITHOUT ROWID;

-- One row per audit chain: its head, and the last row that was destroyed at its beginning.
CREATE TABLE audit_chain (
    chain     TEXT    PRIMARY KEY,
    seq       INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    hash      BLOB    NOT NULL,
    base_seq  INTEGER NOT NULL,
    base_hash BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

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
    plate           TEXT    NOT NULL, -- as sent
    plate_key       TEXT    NOT NULL, -- how it is compared
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
CREATE INDEX rental_by_plate ON rental (company_id, plate_key, from_date, number);
-- 2^52 of an id are 12.4 days: inserts stay local, a week is at most two probes.
CREATE INDEX rental_by_licence ON rental ((id >> 52), licence_hash, id);

CREATE TABLE reservation (
    id           INTEGER PRIMARY KEY,
    company_id   INTEGER NOT NULL,
    caller_id    INTEGER NOT NULL,
    environment  INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    at_ms        INTEGER NOT NULL,
    created_date INTEGER NOT NULL,
    from_date    INTEGER NOT NULL,
    to_date      INTEGER NOT NULL,
    plate        TEXT    NOT NULL, -- as sent
    plate_key    TEXT    NOT NULL, -- how it is compared
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
CREATE INDEX reservation_due ON reservation (environment, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX reservation_lane ON reservation (environment, company_id, due_ms, id) WHERE due_ms IS NOT NULL;
CREATE INDEX reservation_by_start ON reservation (company_id, from_date, number);
CREATE INDEX reservation_by_end ON reservation (company_id, to_date, number);
CREATE INDEX reservation_by_creation ON reservation (company_id, created_date, number);
CREATE INDEX reservation_by_plate ON reservation (company_id, plate_key, from_date, number);

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
    photo           TEXT, -- table 5.11
    licence_hash    BLOB  -- of the driver, once one was verified
) STRICT;
CREATE INDEX remote_end ON remote (to_date);

CREATE TABLE idempotency (
    account_id   INTEGER NOT NULL,
    environment  INTEGER NOT NULL,
    key_hash     BLOB    NOT NULL, -- keyed hash
    id           INTEGER NOT NULL,
    company_id   INTEGER NOT NULL, -- whose data the answer shows
    request_hash BLOB    NOT NULL, -- keyed hash of the interface and the decrypted body
    at_ms        INTEGER NOT NULL,
    answer       BLOB    NOT NULL, -- sealed
    PRIMARY KEY (account_id, environment, key_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (at_ms);

CREATE TABLE webhook_endpoint (
    id          INTEGER PRIMARY KEY,
    company_id  INTEGER NOT NULL REFERENCES account (id),
    url         TEXT    NOT NULL,
    secret      BLOB    NOT NULL, -- sealed
    events      TEXT,             -- the kinds that it is told, each between spaces; null for all
    created_ms  INTEGER NOT NULL,
    disabled_ms INTEGER
) STRICT;
CREATE INDEX webhook_endpoint_company ON webhook_endpoint (company_id);

-- The outbox: written in the transaction of what it tells.
CREATE TABLE webhook_message (
    id           INTEGER NOT NULL,
    endpoint_id  INTEGER NOT NULL REFERENCES webhook_endpoint (id),
    environment  INTEGER NOT NULL,
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
CREATE INDEX webhook_message_due ON webhook_message (environment, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX webhook_message_lane ON webhook_message (environment, endpoint_id, due_ms, id) WHERE due_ms IS NOT NULL;
CREATE INDEX webhook_message_endpoint ON webhook_message (endpoint_id, id);
CREATE INDEX webhook_message_claimed ON webhook_message (endpoint_id) WHERE claim IS NOT NULL;

-- What only one node does at a time, and until when it is taken.
CREATE TABLE chore (
    name     TEXT    PRIMARY KEY,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Checks that KOROAD did not answer and that are made again for companies that asked to be told. Dates and codes are
-- numbers, see codec.rs.
CREATE TABLE recheck (
    id          INTEGER PRIMARY KEY,
    company_id  INTEGER NOT NULL,
    caller_id   INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    sector      INTEGER NOT NULL,
    channel     INTEGER NOT NULL,
    reference   TEXT    NOT NULL, -- the caller's own
    item        INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    from_date   INTEGER NOT NULL,
    to_date     INTEGER NOT NULL,
    class       INTEGER NOT NULL,
    plate       TEXT,
    api_type    TEXT,
    subject     BLOB    NOT NULL, -- licence number, name and device id, sealed
    due_ms      INTEGER NOT NULL, -- the next attempt, or the end of the claim
    claim       INTEGER,
    UNIQUE (caller_id, company_id, environment, reference, item)
) STRICT;
CREATE INDEX recheck_due ON recheck (environment, due_ms);
CREATE INDEX recheck_lane ON recheck (environment, company_id, due_ms, id);

-- What a company has used of its quotas on a day (quota.rs); the past days' rows are deleted.
CREATE TABLE quota_use (
    company_id  INTEGER NOT NULL,
    environment INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    used        INTEGER NOT NULL,
    PRIMARY KEY (company_id, environment, kind, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX quota_use_day ON quota_use (day);
